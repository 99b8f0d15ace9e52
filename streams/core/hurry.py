"""Work that must not wait: what is done on the event loop, or else in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streams.exceptions import StreamsError


class NotNow(StreamsError):
    """Raised, in a hurry, by what would take its time."""


class WouldWait(BaseException):
    """Raised by a view, through all that is around it, that would have to wait where
    nobody can. Whoever has called it tries again elsewhere.

    It is no error: nobody should make an answer of it.
    """


class _Hurry(threading.local):
    on = False


_hurry = _Hurry()


@contextmanager
def hurry() -> Iterator[None]:
    """Do at once what can be: whatever calls `may_take_time` raises NotNow instead."""
    _hurry.on = True
    try:
        yield
    finally:
        _hurry.on = False


def in_a_hurry() -> bool:
    """Tell whether `may_take_time` would raise NotNow."""
    return _hurry.on


def may_take_time() -> None:
    """Say that what follows waits for something, or computes for milliseconds."""
    if _hurry.on:
        raise NotNow


def is_short(method: str, content_length: str) -> bool:
    """Tell whether a request can be read in no time: ten kilobytes and more take a
    while to parse, and a body in chunks may be as long."""
    if method == "POST" and not content_length:
        return False
    return len(content_length) <= 4
