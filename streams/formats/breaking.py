"""Frames that are broken on purpose."""

import re

_FIELD = re.compile(rb"^data: ", re.MULTILINE)
_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_DATA = re.compile(rb"^data: ([^\r\n]*)", re.MULTILINE)


def break_json(frame: bytes) -> bytes:
    """Leave out the last brace: what the last event says is no JSON any more."""
    before, brace, after = frame.rpartition(b"}")
    return before + after if brace else break_fields(frame)


def break_fields(frame: bytes) -> bytes:
    """Leave out the colons of `data:`: no client knows these fields."""
    return _FIELD.sub(b"data ", frame)


def divide(frame: bytes) -> tuple[bytes, bytes]:
    """Divide a frame where it hurts most.

    That is inside a character of several bytes, if it has one; else inside an escape
    of its JSON, or else in the middle of its data. The second half is empty if there
    is nothing to divide.
    """
    if len(frame) < 2:
        return frame, b""
    inside = [*_CHARACTER.finditer(frame)] or [*_ESCAPE.finditer(frame)]
    if inside:
        at = inside[-1].start() + 1
    else:
        data = [*_DATA.finditer(frame)]
        start, end = data[-1].span(1) if data else (0, len(frame))
        at = min(max(1, (start + end) // 2), len(frame) - 1)
    return frame[:at], frame[at:]
