"""What can go wrong, in words a caller can act on. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4


class StreamsError(Exception):
    """Every error this package raises on purpose."""


class ScriptError(StreamsError):
    """A script that cannot be compiled or rendered; names the line where known."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"Line {line}: {message}")
        self.line = line


@dataclass(slots=True, kw_only=True)
class Problem(StreamsError):
    """A request that gets an error instead of a stream, before the first byte.

    Formats put it into their own shape; `message` says what was wrong, with which
    value, and what to do about it.
    """

    status: int
    """HTTP status."""
    code: str
    """Stable, for programs: `stream_not_found`, `parameter_out_of_range`, …"""
    message: str
    """For people."""
    param: str | None = None
    """The parameter at fault, if it was one."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Response headers that belong to the answer, such as `Allow`."""
    id: str = field(default_factory=lambda: uuid4().hex, init=False, compare=False)
    """Names the request that failed, for vendors whose answers do."""

    def __str__(self) -> str:
        return self.message


@dataclass(slots=True, kw_only=True)
class Injected(Problem):
    """An error that a caller gets on purpose. The journal notes it as a run."""

    run: Mapping[str, Any]
    """What the journal is to know; see `journal.Entry`."""
    call: Any
    """What was asked for: a `formats.call.Call`."""


class CaptureError(StreamsError):
    """A captured stream that no script can be made of; names the line where known."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"Line {line}: {message}")
        self.line = line
