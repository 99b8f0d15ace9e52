"""The short way to a client, past a server's `send`, where the server is known.

`send` takes a message apart, asks what state its response is in and wraps the event in
a chunk, in a coroutine of its own: in the middle of a response, more than all that is
done here to play it. What comes of it is one write to the connection, and uvicorn's own
objects say what is to be asked before.
"""

import sys
from collections.abc import Callable
from typing import Any

Write = Callable[[bytes], bool]
"""Sends a part of a body that is not its last, and tells whether it did: if not, it is
for `send` to wait, or to know why."""

_UVICORN = "uvicorn.protocols.http.httptools_impl"


def find_writer(send: Any) -> Write | None:
    """Return what does the same as a server's `send` for a response that has begun.

    None for any other server than uvicorn with httptools, its usual parser, for a
    `send` that something is wrapped around, and for a body that is not sent in chunks.
    """
    server = sys.modules.get(_UVICORN)
    cycle: Any = getattr(send, "__self__", None)
    if server is None or type(cycle) is not server.RequestResponseCycle:
        return None
    try:
        if not cycle.response_started or not cycle.chunked_encoding:
            return None
        if cycle.scope["method"] == "HEAD":
            return None
        writer = _Chunks(cycle)
        return writer if writer.ready else None
    except AttributeError:
        # A later uvicorn, which keeps its state elsewhere.
        return None


class _Chunks:
    """Writes chunks past uvicorn's `send`. There is one for each stream."""

    __slots__ = ("_cycle", "_flow", "_write")

    def __init__(self, cycle: Any) -> None:
        self._cycle = cycle
        self._flow = cycle.flow
        self._write = cycle.transport.write

    @property
    def ready(self) -> bool:
        """Whether `send` would write at once."""
        cycle = self._cycle
        over = cycle.disconnected or cycle.response_complete
        return not (over or self._flow.write_paused)

    def __call__(self, frame: bytes) -> bool:
        if not self.ready:
            return False
        # A chunk (RFC 9112, section 7.1).
        self._write(b"%x\r\n%b\r\n" % (len(frame), frame))
        return True
