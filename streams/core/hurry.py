"""Work that must not wait: what is done on the event loop, or else in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streams.exceptions import StreamsError


class NotNow(StreamsError):
    """Raised, in a hurry, by what would take its time."""


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
