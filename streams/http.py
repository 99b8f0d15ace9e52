"""Responses: event streams, and the problems that come instead of one."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from streams.exceptions import Problem
from streams.formats.base import Format
from streams.playing.cutting import returning_cuts
from streams.playing.lane import Lane
from streams.playing.run import Run

logger = logging.getLogger("streams")

NO_STORE = {"Cache-Control": "no-store"}


class EventStreamResponse(StreamingHttpResponse):
    """Stream an async generator's bytes to a client as they come.

    It closes the generator whatever happens, keeps middleware and proxies from
    collecting the events, and lets go of the thread's database connections before the
    first byte. Given a `lane`, it leaves the run there, unless middleware has put
    something around the events.
    """

    def __init__(
        self,
        run: Run,
        *,
        lane: Lane | None = None,
        content_type: str = "text/event-stream; charset=utf-8",
        private: bool = False,
        headers: dict[str, str] | None = None,
        max_seconds: float | None = None,
    ) -> None:
        self._run = run
        self._frames = run.frames()
        self._lane = lane
        self._max_seconds = max_seconds
        if lane is not None:
            lane.claim()
        super().__init__(
            self._frames,
            content_type=content_type,
            headers={**event_stream_headers(private=private), **(headers or {})},
        )

    def close(self) -> None:
        """Let go of what middleware used since: Django calls this in that thread."""
        if self._lane is not None:
            release_connections()
        super().close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        wrapped: Any = self._iterator  # type: ignore[attr-defined]
        if self._lane is not None and wrapped is self._frames:
            self._lane.take(self._run, self._max_seconds)
            return
        # Django closes this generator when the client leaves, but not the one inside
        # it: a stream waiting for a slow reader would be left to the garbage
        # collector. `_frames` differs from `content` where middleware wrapped it.
        content: Any = self.streaming_content
        async with (
            cancelled_after(self._max_seconds, self._run),
            aclosing(self._frames),
            aclosing(content),
        ):
            # Begun before the first wait: a generator that never began would not
            # notice that its client has left already.
            first = await anext(content, b"")
            # Middleware may have used the database after the view was done.
            await sync_to_async(release_connections)()
            yield first
            async for frame in content:
                yield frame
        if self._run.dropped:
            self._drop()

    def _drop(self) -> None:
        """Have the connection cut, where that can be done from here."""
        if self._lane is not None:
            self._lane.drop()
        elif not returning_cuts():
            logger.warning(
                "run %s: this server cannot cut a connection, so the response ends"
                " without its last event. Wrap the application in streams.asgi.direct.",
                self._run.context.run_id,
            )
            return
        raise Dropped


class Dropped(asyncio.CancelledError):
    """Leaves a response that is not to end.

    To Django, this is what a response does whose client has left: it is closed, and
    nothing more is sent or logged.
    """


@asynccontextmanager
async def cancelled_after(seconds: float | None, run: Run) -> AsyncIterator[None]:
    """Cancel the task that sends: it may wait for a reader who will never read.

    Not asyncio.timeout(), which wants to begin and end in one task; a generator may
    be closed by another. Nor does the time count in which the stream is held.
    """
    task = asyncio.current_task()
    if seconds is None or task is None:
        yield
        return
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def look() -> None:
        nonlocal timer
        left = seconds - run.elapsed
        if left > 0:
            timer = loop.call_later(left, look)
        else:
            task.cancel()

    timer = loop.call_later(seconds, look)
    try:
        yield
    finally:
        timer.cancel()


class BodilessResponse(StreamingHttpResponse):
    """Answer with headers alone, for HEAD and 204.

    Streaming, since Django gives any other response a Content-Length of 0, which 204
    must not have and which is not the one GET would have (RFC 9110, section 8.6).
    """

    def __init__(self, *, status: int = 200, headers: dict[str, str]) -> None:
        super().__init__(_nothing(), status=status, headers=headers)
        if "Content-Type" not in headers:
            del self["Content-Type"]


async def _nothing() -> AsyncIterator[bytes]:
    parts: tuple[bytes, ...] = ()
    for part in parts:
        yield part


def event_stream_headers(*, private: bool) -> dict[str, str]:
    """Return the headers that let events through one by one."""
    return {
        "Cache-Control": "no-store" if private else "no-cache, no-transform",
        # GZipMiddleware would make each event a gzip member of its own, of which
        # browsers and curl show the first only; it leaves encoded responses alone.
        "Content-Encoding": "identity",
        # nginx would collect the events (ngx_http_proxy_module, proxy_buffering).
        "X-Accel-Buffering": "no",
    }


def release_connections() -> None:
    """Close this thread's database connections, except within a transaction.

    With CONN_MAX_AGE or a pool, too: a connection kept for a stream's minutes is one
    that the site lacks.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def problem_response(
    problem: Problem, wire_format: Format, request: HttpRequest | None = None
) -> HttpResponse:
    """Answer in the format's own shape of error.

    A browser's EventSource gives up for good on any status but 200 (HTML standard,
    9.2.3), so one that should ask again later gets that, and when.
    """
    later = problem.headers.get("Retry-After")
    if request and later and request.headers.get("Accept") == "text/event-stream":
        body = wire_format.come_back(problem, int(later) * 1000)
        if body and request.method == "GET":
            return HttpResponse(
                body, content_type=wire_format.media_type, headers=NO_STORE
            )
    media_type, body = wire_format.problem(problem)
    return HttpResponse(
        body,
        status=wire_format.status(problem),
        content_type=media_type,
        headers={
            **NO_STORE,
            **wire_format.request_headers(problem.id),
            **problem.headers,
        },
    )
