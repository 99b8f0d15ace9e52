"""The stream itself, and its plan."""

import logging

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import got_request_exception
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from streams.admission import admit
from streams.conf import conf
from streams.exceptions import Problem
from streams.formats import get_format
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
from streams.preparation import UNEXPECTED, Prepared, prepare
from streams.requests import get_user, read_request
from streams.run import Run
from streams.shutdown import clock as shutdown_clock
from streams.shutdown import prepare_for_sigterm

MAX_PLAN_STEPS = 20_000
"""Most steps that one answer shows."""

logger = logging.getLogger("streams")

METHODS = ("GET", "HEAD", "POST", "OPTIONS")


# Playing a script changes nothing, so a POST needs no CSRF token; another site's page
# cannot read the answer without CORS. The view decides itself who may play.
@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
async def events(
    request: HttpRequest, slug: str, wire_format: str | None = None
) -> HttpResponseBase:
    """Play the stream at `slug`: GET and POST; `?format=` unless the URL names one."""
    chosen = get_format(wire_format or "plain")
    try:
        if wire_format is None:
            chosen = _format_asked_for(request)
        _refuse_what_cannot_stream(request)
        if request.method == "OPTIONS":
            return BodilessResponse(status=204, headers={"Allow": ", ".join(METHODS)})
        prepared = await sync_to_async(_prepare)(request, slug, chosen)
        return _play(request, prepared, chosen)
    except Problem as problem:
        return problem_response(problem, chosen, request)
    except Exception:
        logger.exception("stream %s cannot be prepared", slug)
        got_request_exception.send_robust(sender=None, request=request)
        return problem_response(UNEXPECTED, chosen)


def _prepare(request: HttpRequest, slug: str, wire_format: Format) -> Prepared:
    """Do what takes time or the database, in the request's thread."""
    try:
        call = wire_format.parse(read_request(request))
        return prepare(slug, call, lambda: get_user(request))
    finally:
        # Here too: a client that leaves meanwhile cancels the view, not this thread,
        # and no response comes that would let go of its connection.
        release_connections()


def _play(
    request: HttpRequest, prepared: Prepared, wire_format: Format
) -> HttpResponseBase:
    stream, context = prepared.stream, prepared.context
    private = not stream.published or stream.access != Stream.Access.PUBLIC
    headers = {
        "X-Stream-Run": context.run_id,
        "X-Stream-Script": stream.script.slug,
        "X-Stream-Revision": context.revision,
        "X-Stream-Seed": str(context.seed),
    }
    if prepared.finished:
        # The polite stop: an EventSource that gets 204 does not connect again (HTML
        # standard, section 9.2.2).
        return BodilessResponse(status=204, headers={**headers, **NO_STORE})
    if request.method == "HEAD":
        headers |= event_stream_headers(private=private)
        headers["Content-Type"] = wire_format.media_type
        return BodilessResponse(headers=headers)
    ticket = admit(stream, request.META.get("REMOTE_ADDR", ""))
    prepare_for_sigterm()
    run = Run(
        prepared.plan,
        wire_format,
        context,
        clock=shutdown_clock,
        heartbeat=stream.heartbeat_s,
        max_bytes=conf.max_bytes,
        on_end=ticket.release,
    )
    return EventStreamResponse(
        run.frames(),
        content_type=wire_format.media_type,
        private=private,
        headers=headers,
        # Twice as long as any plan: a slow reader gets that much.
        max_seconds=conf.max_duration and 2 * conf.max_duration,
    )


def _format_asked_for(request: HttpRequest) -> Format:
    try:
        return get_format(request.GET.get("format") or "plain")
    except SuspiciousOperation:
        # Too many parameters to look at: read_request() says so.
        return get_format("plain")


def _refuse_what_cannot_stream(request: HttpRequest) -> None:
    if request.method not in METHODS:
        raise Problem(
            status=405,
            code="method_not_allowed",
            message=f"Method {request.method} is not allowed: use GET or POST.",
            headers={"Allow": ", ".join(METHODS)},
        )
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


@login_not_required
@require_safe
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Return what a stream will do, as JSON: positions, due times, text."""
    chosen = get_format("plain")
    try:
        call = chosen.parse(read_request(request))
        prepared = prepare(slug, call, lambda: get_user(request))
    except Problem as problem:
        return problem_response(problem, chosen)
    if len(prepared.plan.steps) > MAX_PLAN_STEPS:
        too_long = Problem(
            status=400,
            code="plan_too_long",
            message=(
                f"This plan has {len(prepared.plan.steps):,} steps; at most"
                f" {MAX_PLAN_STEPS:,} are shown. Ask for a larger `chunk_size`."
            ),
            param="chunk_size",
        )
        return problem_response(too_long, chosen)
    steps = [
        {"position": step.position, "due": round(due, 6), "text": step.text}
        for due, step in prepared.plan
    ]
    context = prepared.context
    return JsonResponse(
        {
            "stream": context.slug,
            "revision": context.revision,
            "seed": context.seed,
            "duration": round(prepared.plan.duration, 6),
            "end": context.end,
            "steps": steps,
        },
        headers=NO_STORE,
    )
