"""What was said in a captured stream: deltas, tool calls and named events, in order."""

from collections.abc import Iterator
from dataclasses import dataclass

from streams.core.directions import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A delta: a piece of text that came at once."""

    text: str
    channel: Channel = Channel.ANSWER
    at: float | None = None
    """Seconds from the start to its arrival; None where nothing tells."""
    line: int = 0
    """Line of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A tool call begins; the deltas of its arguments follow."""

    name: str
    at: float | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An event of a name that scripts have no other word for."""

    name: str
    payload: str
    """JSON."""
    at: float | None = None
    line: int = 0


Entry = Said | Called | Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One captured answer."""

    format: str
    entries: tuple[Entry, ...]
    finish: str = ""
    """One of `FINISH_REASONS`; empty where it is what follows from the rest."""
    failure: str = ""
    """The type of the error that it ended with, if with one."""
    cut: bool = False
    """Whether its end is missing."""
    ended: float | None = None
    """Seconds from the start to the end of the stream."""
    notes: tuple[str, ...] = ()
    """What a script cannot say of it, for people."""

    @property
    def timed(self) -> bool:
        """Whether it is known when its parts came."""
        return self.ended is not None

    def deltas(self) -> Iterator[Said]:
        return (entry for entry in self.entries if isinstance(entry, Said))
