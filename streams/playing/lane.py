"""The direct lane: a stream is prepared in Django and played once Django has let go.

`asgi.direct` puts a `Lane` into the request's scope. The stream's response, seeing it
when Django begins to send, leaves its run there and ends; what Django has sent by then,
the status and the headers as middleware shaped them, is held back until Django's
handler is through, with its thread, its database connection and its signals. Then the
lane plays the run: frames go straight to the server's `send`, without Django's layers,
a task or a timer of their own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import copy_context
from typing import Any

from streams.playing.cutting import cut, returning_cuts
from streams.playing.pushing import Pusher
from streams.playing.run import Run

Message = Mapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

EXTENSION = "streams.direct"


class Lane:
    """One request's way around Django."""

    __slots__ = (
        "__weakref__",
        "_claimed",
        "_dropped",
        "_gone",
        "_max_seconds",
        "_receive",
        "_run",
        "_send",
        "_start",
        "on_wait",
        "tried",
    )

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._claimed = False
        self._start: Message | None = None
        self._run: Run | None = None
        self._max_seconds: float | None = None
        self._gone = False
        self._dropped = False
        self.on_wait: Callable[[], object] | None = None
        """What to call before a long wait that takes no processor."""
        self.tried = False
        """Whether the view was called before, and would have had to wait."""

    @property
    def taken(self) -> bool:
        """Whether there is a run to play."""
        return self._run is not None

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self._gone

    def claim(self) -> None:
        """Hold the start of the response back: it may be one to play here."""
        self._claimed = True

    def take(self, run: Run, max_seconds: float | None) -> None:
        """Play a run when Django is through; cut it off after so many seconds."""
        self._run = run
        self._max_seconds = max_seconds

    def drop(self) -> None:
        """Cut the connection when Django is through."""
        self._dropped = True

    async def receive(self) -> Message:
        """What Django receives."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone = True
        return message

    async def send(self, message: Message) -> None:
        """What Django sends."""
        if self._claimed and message["type"] == "http.response.start":
            self._start = message
            return
        if self._run is not None:
            # The end of the body that Django believes to be empty.
            return
        await self.let_go()
        await self._send(message)

    async def let_go(self) -> None:
        """Send what was held back: it is another response, by middleware."""
        start, self._start = self._start, None
        if start is not None:
            await self._send(start)

    async def finish(self) -> None:
        """See to the end that Django has left open."""
        await self.let_go()
        if self._dropped:
            await self._cut()

    async def _cut(self) -> None:
        if not cut(self._send) and not returning_cuts():
            # Something stands between: better a clean end than a client that waits.
            await self._send({"type": "http.response.body", "body": b""})

    async def play(self) -> None:
        """Play the run to its end, or until the client leaves."""
        run, start = self._run, self._start
        # The request knows the lane, and Django leaves it to the garbage collector.
        self._run = self._start = None
        if run is None or start is None or self._gone:
            return
        sent = self._send(start)
        send = self._send if hasattr(sent, "send") else self._send_as_coroutine
        await sent
        # The headers are some kilobytes, and a stream lasts.
        del start, sent
        pusher = Pusher(run, send, copy_context(), self._max_seconds)
        task = asyncio.current_task()
        assert task is not None
        try:
            pusher.begin()
            # Until the stream has ended, or the client leaves. One coroutine less than
            # if a method of its own waited: there are as many as streams.
            while not pusher.finished:
                pusher.on_finish = task.cancel
                message = await self._receive()
                pusher.on_finish = None
                if message["type"] == "http.disconnect":
                    break
        except asyncio.CancelledError:
            # Either the stream has ended, or the server wants this to end.
            if not pusher.finished or task.uncancel():
                raise
        finally:
            # From here on nobody waits: a cancellation would hit what comes next.
            pusher.on_finish = None
            pusher.cut()
        if run.dropped:
            await self._cut()
        # Django leaves the request to the garbage collector, and that knows the lane:
        # the server's connection need not wait for it, too.
        self._receive, self._send = _nothing_comes, _nothing_leaves

    async def _send_as_coroutine(self, message: Message) -> None:
        # Granian's `send` returns awaitables of its own.
        await self._send(message)


async def _nothing_comes() -> Message:
    return {"type": "http.disconnect"}


async def _nothing_leaves(message: Message) -> None:
    pass


def lane_of(scope: Mapping[str, Any]) -> Lane | None:
    """Return the lane that a request came by, if any."""
    lane: Lane | None = (scope.get("extensions") or {}).get(EXTENSION)
    return lane
