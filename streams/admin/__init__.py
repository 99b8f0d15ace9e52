from streams.admin.apikeys import ApiKeyAdmin
from streams.admin.runs import RunAdmin
from streams.admin.scripts import ScriptAdmin
from streams.admin.streams import StreamAdmin
from streams.admin.workers import WorkerAdmin

__all__ = ["ApiKeyAdmin", "RunAdmin", "ScriptAdmin", "StreamAdmin", "WorkerAdmin"]
