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
    cycle = getattr(send, "__self__", None)
    if server is None or type(cycle) is not server.RequestResponseCycle:
        return None
    try:
        return _uvicorn_writer(cycle)
    except AttributeError:
        # A later uvicorn, which keeps its state elsewhere.
        return None


def _uvicorn_writer(cycle: Any) -> Write | None:
    flow, write = cycle.flow, cycle.transport.write
    ready = cycle.response_started and not cycle.response_complete
    waits = flow.write_paused or cycle.disconnected
    if not ready or waits or not cycle.chunked_encoding:
        return None
    if cycle.scope["method"] == "HEAD":
        return None

    def write_chunk(frame: bytes) -> bool:
        if flow.write_paused or cycle.disconnected or cycle.response_complete:
            return False
        # A chunk (RFC 9112, section 7.1).
        write(b"%x\r\n%b\r\n" % (len(frame), frame))
        return True

    return write_chunk
