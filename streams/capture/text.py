"""The bytes of a file → its text, of which each piece has a line and perhaps a time."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from streams.exceptions import CaptureError

_PACKED = {
    b"\x1f\x8b": ("gzip", "gunzip it, or capture with `curl -N --compressed`"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unpack it, or capture with `curl -N --compressed`"),
    b"PK\x03\x04": ("a ZIP archive", "unpack it first"),
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# What no text has: control characters other than white space and the escape of colours.
_BINARY = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_STATUS = re.compile(r"HTTP/[\d.]+ (\d{3})")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that came at once, as far as the file tells."""

    text: str
    line: int
    """Line of the file, from 1."""
    at: float | None = None
    """Seconds from the start."""


class Captured:
    """A stream's text, and where and when each part of it came."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.text = "".join(piece.text for piece in pieces)
        self._pieces = pieces
        self._ends = list(accumulate(len(piece.text) for piece in pieces))

    def piece(self, offset: int) -> Piece:
        """Return the piece that the character at `offset` came in."""
        index = bisect_right(self._ends, offset)
        return self._pieces[min(index, len(self._pieces) - 1)]


def decode(data: bytes) -> str:
    """Return the text of a file; raise CaptureError for what is none."""
    if not data.strip():
        raise CaptureError("The file is empty: nothing was captured.")
    for magic, (what, remedy) in _PACKED.items():
        if data.startswith(magic):
            raise CaptureError(f"The file is {what}, not text: {remedy}.", line=1)
    if data.startswith(_UTF_16):
        raise CaptureError("The file is UTF-16: save it as UTF-8.", line=1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        if error.reason == "unexpected end of data":
            raise CaptureError(
                "the file ends inside a character: it was cut off. Capture it again",
                line=line,
            ) from None
        raise CaptureError(
            f"byte 0x{byte:02x} is no UTF-8: this is a binary file, or a compressed"
            " one. Capture with `Accept-Encoding: identity`",
            line=line,
        ) from None
    if found := _BINARY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise CaptureError(
            f"byte 0x{ord(found[0]):02x} is in no text: this is a binary file",
            line=line,
        )
    return text


def without_headers(pieces: list[Piece]) -> list[Piece]:
    """Leave out the headers that `curl -i` prints before the body.

    Raise CaptureError where they say that it is not the body of a stream.
    """
    while pieces and (status := _STATUS.match(pieces[0].text)):
        if int(status[1]) >= 400:
            raise CaptureError(
                f"the answer's status is {status[1]}, so it is an error and no stream",
                line=pieces[0].line,
            )
        blank = next(
            (i for i, piece in enumerate(pieces) if not piece.text.strip()), len(pieces)
        )
        pieces = pieces[blank + 1 :]
    if not any(piece.text.strip() for piece in pieces):
        raise CaptureError("There is nothing after the headers.")
    return pieces
