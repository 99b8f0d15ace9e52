"""What a stream does instead of saying something: hold, fall silent, break."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What a run does that is not said.

    `MALFORMED`, `SPLIT`, `DUPLICATE` and `REORDER` act on the next step that says
    something; the others act at their own place.
    """

    HOLD = "hold"
    STALL = "stall"
    DROP = "drop"
    TRUNCATE = "truncate"
    ERROR = "error"
    MALFORMED = "malformed"
    SPLIT = "split"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    EMIT = "emit"


ERROR_KINDS = ("server", "overloaded", "rate_limit", "timeout", "invalid_request")
"""What an error in mid-stream can be, in no vendor's words; each format has its own."""


ON_THE_NEXT = (Act.MALFORMED, Act.SPLIT, Act.DUPLICATE, Act.REORDER)
"""The acts that wait for a step that says something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What a step does to its stream, instead of saying something."""

    act: Act
    name: str = ""
    """A hold's name; an error's type ("overloaded", "rate_limit", "server", …)."""
    seconds: float = 0.0
    """A stall's silence."""
    data: bytes = b""
    """What `emit` sends."""
    always: bool = False
    """Drop and truncate: on each connection, resumed ones too."""
    fault: str = ""
    """The fault (settings), or "override", that it comes from; "" for a direction."""
