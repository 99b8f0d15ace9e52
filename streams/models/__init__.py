from streams.models.apikey import ApiKey
from streams.models.kept import Kept
from streams.models.run import Run, Worker
from streams.models.script import Revision, Script
from streams.models.stream import Stream

__all__ = ["ApiKey", "Kept", "Revision", "Run", "Script", "Stream", "Worker"]
