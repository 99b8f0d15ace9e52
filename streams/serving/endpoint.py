"""From a request to its answer, in any format: the way that all endpoints share."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4
from weakref import ref

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from streams.core.hurry import NotNow, WouldWait, hurry, is_short
from streams.exceptions import Injected, Problem
from streams.formats.base import Format
from streams.http import (
    NO_STORE,
    BodilessResponse,
    EventStreamResponse,
    event_stream_headers,
    problem_response,
    release_connections,
)
from streams.models import Stream
from streams.playing.admission import RETRY_AFTER, Ticket, admit
from streams.playing.lane import Lane, lane_of
from streams.playing.run import Run
from streams.playing.shutdown import clock, prepare_for_sigterm
from streams.preparing.limits import most_bytes, most_seconds
from streams.preparing.preparation import UNEXPECTED, Prepared, about
from streams.serving.recording import (
    Recording,
    asked_by,
    new_entry,
    record_refusal,
    run_headers,
)
from streams.serving.whole import answer_whole
from streams.tokens import get_tokenizer

logger = logging.getLogger("streams")

AT_ONCE = "streams_at_once"
"""Marks requests that must be answered at once, or not here: see streams.at_once."""


async def serve(
    request: HttpRequest,
    wire_format: Format,
    prepare: Callable[[], Prepared | HttpResponseBase],
    *,
    methods: tuple[str, ...] = ("POST", "OPTIONS"),
    quick: bool = False,
) -> HttpResponseBase:
    """Answer with what `prepare` returns, which runs in a thread with the database.

    `quick` says that it changes nothing, so that it can be tried without a thread
    first: all it needs may be at hand. Whatever goes wrong before the first byte is
    said in the format's own way.
    """
    try:
        _refuse_method(request, methods)
        if request.method == "OPTIONS":
            return BodilessResponse(status=204, headers={"Allow": ", ".join(methods)})
        _refuse_wsgi(request)
        lane = lane_of(request.scope) if isinstance(request, ASGIRequest) else None
        if lane is not None and lane.gone:
            # While middleware was at work in its thread, which nobody can stop.
            return BodilessResponse(status=204, headers={})

        def in_thread() -> Prepared | HttpResponseBase:
            try:
                return prepare()
            finally:
                # Here too: a client that leaves meanwhile cancels the view, not this
                # thread, and no response comes that would let go of its connection.
                release_connections()

        quick = quick and not (lane is not None and lane.tried)
        prepared = _try_now(request, prepare) if quick else None
        if prepared is None:
            _refuse_to_wait(request)
            prepared = await sync_to_async(in_thread)()
        if isinstance(prepared, HttpResponseBase):
            for name, value in wire_format.request_headers(uuid4().hex).items():
                prepared[name] = value
            return prepared
        return await _answer(request, prepared, wire_format, lane)
    except Injected as problem:
        record_refusal(problem, wire_format, transport="http", **asked_by(request))
        headers = run_headers(problem.run, problem.run["faults"][0])
        problem.headers = {**headers, **problem.headers}
        # As it is: an EventSource sees a server that fails.
        return problem_response(problem, wire_format)
    except Problem as problem:
        return problem_response(problem, wire_format, request)
    except Exception:
        unexpected = replace(UNEXPECTED)  # with an id of its own
        logger.exception(
            "%s %s cannot be answered (%s)", request.method, request.path, unexpected.id
        )
        got_request_exception.send_robust(sender=None, request=request)
        return problem_response(unexpected, wire_format)


def _try_now(
    request: HttpRequest, prepare: Callable[[], Prepared | HttpResponseBase]
) -> Prepared | HttpResponseBase | None:
    """Prepare on the event loop, if that takes no time; else return None."""
    if not is_short(request.method or "", request.META.get("CONTENT_LENGTH") or ""):
        return None
    try:
        with hurry():
            return prepare()
    except (NotNow, SynchronousOnlyOperation):
        return None


async def _answer(
    request: HttpRequest,
    prepared: Prepared,
    wire_format: Format,
    lane: Lane | None,
) -> HttpResponseBase:
    stream, context = prepared.stream, prepared.context
    private = not stream.published or stream.access != Stream.Access.PUBLIC
    headers = {
        **run_headers(about(prepared), context.fault),
        **wire_format.request_headers(context.run_id),
        **wire_format.headers(context),
    }
    if wire_format.counts_tokens:
        headers["X-Stream-Tokenizer"] = get_tokenizer().name
    if prepared.finished:
        # The polite stop: an EventSource that gets 204 does not connect again (HTML
        # standard, section 9.2.2).
        return BodilessResponse(status=204, headers={**headers, **NO_STORE})
    if request.method == "HEAD":
        headers |= event_stream_headers(private=private)
        headers["Content-Type"] = wire_format.media_type
        return BodilessResponse(headers=headers)
    if not context.call.stream:
        _refuse_to_wait(request)
    ticket = prepared.ticket or admit(stream, request.META.get("REMOTE_ADDR", ""))
    prepare_for_sigterm()
    # A weak reference: where nothing else holds it, it is released already.
    asyncio.get_running_loop().call_later(RETRY_AFTER, _give_back, ref(ticket))
    transport = "http" if context.call.stream else "whole"
    asker = asked_by(request)
    entry = new_entry(prepared, wire_format, transport=transport, **asker)
    recording = Recording(ticket, entry)
    if not context.call.stream:
        return await answer_whole(prepared, wire_format, headers, recording, lane)
    run = Run(
        prepared.plan,
        wire_format,
        wire_format.lasting(context),
        clock=clock,
        heartbeat=stream.heartbeat_s,
        max_bytes=most_bytes(stream),
        on_begin=recording.begin,
        on_end=recording.end,
        tally=entry,
    )
    most = most_seconds(stream)
    return EventStreamResponse(
        run,
        lane=lane,
        content_type=wire_format.media_type,
        private=private,
        headers=headers,
        # Twice as long as any plan: a slow reader gets that much.
        max_seconds=most and 2 * most,
    )


def _refuse_to_wait(request: HttpRequest) -> None:
    """Raise WouldWait if the request must be answered at once."""
    if getattr(request, AT_ONCE, False):
        raise WouldWait


def _give_back(ticket: "ref[Ticket]") -> None:
    if unused := ticket():
        unused.release_unless_begun()


def _refuse_method(request: HttpRequest, methods: tuple[str, ...]) -> None:
    """Raise Problem with status 405 for a method that an endpoint does not have."""
    if request.method not in methods:
        usable = " or ".join(m for m in methods if m not in ("HEAD", "OPTIONS"))
        raise Problem(
            status=405,
            code="method_not_allowed",
            message=f"Method {request.method} is not allowed: use {usable}.",
            headers={"Allow": ", ".join(methods)},
        )


def _refuse_wsgi(request: HttpRequest) -> None:
    if not isinstance(request, ASGIRequest):
        # Django would collect the whole stream before it sends the first byte.
        raise Problem(
            status=501,
            code="asgi_required",
            message=(
                "This server runs WSGI, which cannot stream: every event would arrive"
                " at the end. Run `uvicorn yoursite.asgi:application`, or put 'daphne'"
                " first in INSTALLED_APPS and set ASGI_APPLICATION for runserver."
            ),
        )
