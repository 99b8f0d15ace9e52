"""What is counted of a run."""

import time
from dataclasses import dataclass, field
from typing import Protocol


class Tally(Protocol):
    """What has become of a run so far."""

    started: float
    """In seconds of the epoch."""
    first_byte: float | None
    """In seconds since then."""
    first_chunk: float | None
    """The same of the first step that sent something."""
    outcome: str
    """How it ended; empty while it plays."""
    steps: int
    bytes: int
    lateness: float
    """Seconds by which the latest step was late."""
    faults: list[str]
    """What was done to it on purpose: `drop after event 3 (fault: flaky)`."""


@dataclass(slots=True)
class PlainTally:
    """For runs that nobody asks about afterwards."""

    started: float = field(default_factory=time.time)
    first_byte: float | None = None
    first_chunk: float | None = None
    outcome: str = ""
    steps: int = 0
    bytes: int = 0
    lateness: float = 0.0
    faults: list[str] = field(default_factory=list)
