from streams.models.script import Revision, Script
from streams.models.stream import Stream

__all__ = ["Revision", "Script", "Stream"]
