from streams.models.apikey import ApiKey
from streams.models.counter import Counter
from streams.models.fault import Fault
from streams.models.kept import Kept
from streams.models.rule import Rule, RuleScript
from streams.models.run import Run, Worker
from streams.models.script import Revision, Script
from streams.models.stream import Stream

__all__ = [
    "ApiKey",
    "Counter",
    "Fault",
    "Kept",
    "Revision",
    "Rule",
    "RuleScript",
    "Run",
    "Script",
    "Stream",
    "Worker",
]
