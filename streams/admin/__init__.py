from streams.admin.scripts import ScriptAdmin
from streams.admin.streams import StreamAdmin

__all__ = ["ScriptAdmin", "StreamAdmin"]
