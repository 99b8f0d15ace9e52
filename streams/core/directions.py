"""What directions stand for, once they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter")


class Channel(IntEnum):
    """Whom a piece of text is for."""

    ANSWER = 0
    """What the reader reads."""
    REASONING = 1
    """What a model thinks before it answers."""
    REFUSAL = 2
    """Why a model will not answer; OpenAI's formats keep it apart."""
    TOOL = 3
    """The arguments of a tool call, JSON."""


CHANNELS: Mapping[str, Channel] = {
    "reasoning": Channel.REASONING,
    "refusal": Channel.REFUSAL,
}
"""The directions that open a channel, which `/name` closes."""

BLOCKS = (*CHANNELS, "together", "literal")
"""The directions that `/name` closes."""

PACING = frozenset({"pause", "speed", "timing", "cut"})
"""Directions that say how the script is said and when, and nothing else."""

SILENT = PACING | {"together", "/together", "literal", "/literal"}
"""Directions that say how the script is said, and are no steps of it."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks its caller to run a function."""

    name: str
    arguments: str
    """A JSON object, compact unless it was written verbatim."""


@dataclass(frozen=True, slots=True)
class NamedEvent:
    """Something beside the text, for formats that carry events of any name."""

    name: str
    data: str
    """A JSON value, compact."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One piece of a recorded text."""

    length: int
    """In code points."""
    gap: float
    """Seconds since the piece before it."""
