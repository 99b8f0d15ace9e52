"""What can be wrong with a file, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from streams.core.encoding import printable
from streams.exceptions import StreamsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Something wrong in a file: what, with which value, and what to write instead."""

    file: str
    message: str
    line: int | None = None
    """Counted from 1; None where it is no line's fault."""

    def __str__(self) -> str:
        """Say it as compilers do, so that editors can go there."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"


class PortingError(StreamsError):
    """An import or export that cannot be begun: no such folder, no such slug, …"""


class Unreadable(StreamsError):
    """A file that nothing can be taken from. `line` is counted from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def meant(wrong: str, known: Iterable[str]) -> str:
    """Say what somebody may have meant, and else what there is."""
    names = sorted(known)
    close = get_close_matches(wrong.lower(), names, n=2, cutoff=0.55)
    # `delay` and `delay_ms`, however long the second is.
    close += [n for n in names if wrong and n.startswith(f"{wrong}_")][: 2 - len(close)]
    if close:
        return f"did you mean {' or '.join(dict.fromkeys(close))}?"
    if not names:
        return "there is none."
    some = ", ".join(names[:30])
    return f"known: {some}{', …' if len(names) > 30 else ''}."


def shown(value: str) -> str:
    """Quote a value for a message, long or unprintable ones cut short."""
    value = printable(value)
    return f"'{value[:60]}…'" if len(value) > 60 else f"'{value}'"
