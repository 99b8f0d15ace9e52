"""HTTP between Django and the formats: requests in, event streams and problems out."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from urllib.parse import unquote_to_bytes

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError

from streams.exceptions import Problem
from streams.formats.base import Format, Incoming

NO_STORE = {"Cache-Control": "no-store"}
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


class EventStreamResponse(StreamingHttpResponse):
    """Stream an async generator's bytes to a client as they come.

    It closes the generator whatever happens, keeps middleware and proxies from
    collecting the events, and lets go of the thread's database connections before the
    first byte.
    """

    def __init__(
        self,
        frames: AsyncGenerator[bytes, None],
        *,
        content_type: str = "text/event-stream; charset=utf-8",
        private: bool = False,
        headers: dict[str, str] | None = None,
        max_seconds: float | None = None,
    ) -> None:
        super().__init__(
            frames,
            content_type=content_type,
            headers={**event_stream_headers(private=private), **(headers or {})},
        )
        self._frames = frames
        self._max_seconds = max_seconds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # Django closes this generator when the client leaves, but not the one inside
        # it: a stream waiting for a slow reader would be left to the garbage
        # collector. `_frames` differs from `content` where middleware wrapped it.
        content: Any = self.streaming_content
        async with (
            _cancelled_after(self._max_seconds),
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


@asynccontextmanager
async def _cancelled_after(seconds: float | None) -> AsyncIterator[None]:
    """Cancel the task that sends: it may wait for a reader who will never read.

    Not asyncio.timeout(), which wants to begin and end in one task; a generator may
    be closed by another.
    """
    task = asyncio.current_task()
    if seconds is None or task is None:
        yield
        return
    timer = asyncio.get_running_loop().call_later(seconds, task.cancel)
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
        status=problem.status,
        content_type=media_type,
        headers={**NO_STORE, **problem.headers},
    )


def read_request(request: HttpRequest) -> Incoming:
    """Parse a request once, strictly; raise Problem for what cannot be read."""
    try:
        return Incoming(
            method=request.method or "GET",
            query=_query(request),
            headers={name.lower(): _utf8(v) for name, v in request.headers.items()},
            body=_body(request) if request.method == "POST" else None,
        )
    except RequestDataTooBig:
        raise Problem(
            status=413,
            code="body_too_large",
            message=(
                "The request body is larger than this site takes"
                " (DATA_UPLOAD_MAX_MEMORY_SIZE)."
            ),
        ) from None
    except SuspiciousOperation as error:
        raise _bad_request("too_many_fields", f"{error}") from None


def _query(request: HttpRequest) -> dict[str, str]:
    _strict_utf8(
        unquote_to_bytes(request.META.get("QUERY_STRING", "")), "The query string"
    )
    return {name: request.GET[name] for name in request.GET}


def _body(request: HttpRequest) -> object:
    # Django itself does not count the files of a form.
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if most is not None and int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise RequestDataTooBig
    media_type = (request.content_type or "").lower()
    if media_type in FORM_TYPES:
        if media_type == FORM_TYPES[0]:
            _strict_utf8(unquote_to_bytes(request.body), "The form")
        try:
            return {name: request.POST[name] for name in request.POST}
        except MultiPartParserError as error:
            raise _bad_request(
                "bad_form", f"The form cannot be read: {error}."
            ) from None
    body = request.body
    if not body:
        return None
    if media_type != "application/json":
        shown = f"Content-Type '{media_type}'" if media_type else "No Content-Type"
        raise Problem(
            status=415,
            code="unsupported_media_type",
            message=(
                f"{shown} says nothing this site can read: send application/json or"
                " a form."
            ),
            headers={"Accept-Post": ", ".join(("application/json", *FORM_TYPES))},
        )
    text = _strict_utf8(body, "The JSON body")
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _bad_request(
            "bad_json", f"The body is not JSON: {error.msg} at {where}."
        ) from None
    except RecursionError:
        raise _bad_request("bad_json", "The JSON body is nested too deeply.") from None
    except ValueError:
        raise _bad_request("bad_json", "The JSON body has too long a number.") from None


def _strict_utf8(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _bad_request(
            "invalid_utf8",
            f"{what} is not valid UTF-8: byte 0x{data[error.start]:02x}"
            f" at offset {error.start}.",
        ) from None


def _utf8(header: str) -> str:
    """Undo Django's reading of headers as latin-1; browsers send UTF-8 bytes."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


def _bad_request(code: str, message: str) -> Problem:
    return Problem(status=400, code=code, message=message)
