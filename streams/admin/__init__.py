from streams.admin.apikeys import ApiKeyAdmin
from streams.admin.scripts import ScriptAdmin
from streams.admin.streams import StreamAdmin

__all__ = ["ApiKeyAdmin", "ScriptAdmin", "StreamAdmin"]
