"""Cutting a connection in the middle of a response, as a broken network would.

ASGI has no message for it. Most servers cut a connection whose application returns
before its response is complete: uvicorn, which logs that as an error, hypercorn and
granian. Daphne leaves it open for ever; and an exception, which would close it, breaks
the server. So there, the connection is asked for by its name.
"""

import sys
from collections.abc import Iterator
from typing import Any


def returning_cuts() -> bool:
    """Tell whether the server cuts the connection of an application that returns."""
    # Daphne runs in Twisted's reactor, and nothing else that speaks ASGI does.
    reactor = sys.modules.get("twisted.internet.reactor")
    return not getattr(reactor, "running", False)


def cut(send: Any) -> bool:
    """Cut the connection that a Daphne server's `send` is for; tell whether it did."""
    for found in _around(send):
        if type(found).__module__ == "daphne.http_protocol":
            channel = getattr(found, "channel", None)
            # A stream of HTTP/2 can be reset by itself; a connection of HTTP/1.1 is
            # closed, without the last chunk.
            close = getattr(channel, "abortConnection", None) or getattr(
                channel, "loseConnection", None
            )
            if close is not None:
                close()
            return True
    return False


def _around(send: Any) -> Iterator[Any]:
    """Yield what a partial function has been given."""
    while send is not None:
        yield from getattr(send, "args", ())
        send = getattr(send, "func", None)
