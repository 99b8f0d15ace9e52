"""Server-Sent Events on the wire: HTML standard, section 9.2 (server-sent-events)."""

import re
from dataclasses import dataclass

from streams.core.encoding import to_utf8

# 9.2.6: a line ends at CR LF, LF or CR, and nowhere else: not at U+2028, U+0085 or VT,
# where str.splitlines() would end one too.
_LINE_END = re.compile("\r\n|\n|\r")

_FORBIDDEN = {"event": "\r\n", "id": "\r\n\0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSentEvent:
    """One event. `None` leaves a field out.

    Without `data` the block is not dispatched (9.2.6, "if the data buffer is an empty
    string"); it still moves the last event id and sets the retry time.
    """

    data: str | None = None
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    """Milliseconds after which a client may connect again."""

    def __post_init__(self) -> None:
        for name, characters in _FORBIDDEN.items():
            value = getattr(self, name)
            if value is not None and any(c in value for c in characters):
                raise ValueError(f"{name} {value!r} holds a line end or NUL")
        if self.retry is not None and self.retry < 0:
            raise ValueError(f"retry {self.retry} is negative")

    def encode(self) -> bytes:
        """Return the block with its closing blank line, in UTF-8 with LF line ends."""
        lines = []
        if self.event is not None:
            lines.append(f"event: {self.event}")
        if self.id is not None:
            lines.append(f"id: {self.id}")
        if self.retry is not None:
            lines.append(f"retry: {self.retry}")
        if self.data is not None:
            # One space after the colon, always: clients remove one (9.2.6), so data
            # that begins with a space keeps it.
            lines.append(data_lines(self.data))
        return to_utf8("\n".join(lines) + "\n\n")


def data_lines(data: str) -> str:
    """Return the lines that say an event's data, without the last line end."""
    return "data: " + _LINE_END.sub("\ndata: ", data)


def comment(text: str) -> bytes:
    """Return a comment line, which clients ignore.

    It has no blank line of its own: a block of nothing but comments reaches some
    clients as an empty event.
    """
    return to_utf8("".join(f": {line}\n" for line in _LINE_END.split(text)))
