"""The stream itself, and its plan."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from streams.api.base import quick_endpoint
from streams.core.directions import NamedEvent
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.base import Format
from streams.formats.overrides import parse_call
from streams.http import NO_STORE, problem_response
from streams.preparing.choosing import Counting
from streams.preparing.preparation import Prepared, prepare
from streams.serving.access import find_stream
from streams.serving.endpoint import serve
from streams.serving.requests import get_asker, read_request

MAX_PLAN_STEPS = 20_000
"""Most steps that one answer shows."""

METHODS = ("GET", "HEAD", "POST", "OPTIONS")


@quick_endpoint
async def events(
    request: HttpRequest, slug: str, wire_format: str | None = None
) -> HttpResponseBase:
    """Play the stream at `slug`: GET and POST; `?format=` unless the URL names one."""
    try:
        chosen = get_format(wire_format) if wire_format else _format_asked_for(request)
    except Problem as problem:
        return problem_response(problem, get_format("plain"), request)

    def ready() -> Prepared:
        call = parse_call(chosen, read_request(request))
        stream = find_stream(slug, get_asker(request))
        return prepare(
            stream,
            call,
            counts_tokens=chosen.tells_usage(call),
            counting=Counting.PREVIEW if request.method == "HEAD" else Counting.CALL,
        )

    return await serve(request, chosen, ready, methods=METHODS, quick=True)


def _format_asked_for(request: HttpRequest) -> Format:
    try:
        return get_format(request.GET.get("format") or "plain")
    except SuspiciousOperation:
        # Too many parameters to look at: read_request() says so.
        return get_format("plain")


def _event_of(step: Step) -> dict[str, str]:
    """Name a step's own event: an EventSource hears those only that it asks for."""
    direction = step.direction
    if direction and isinstance(direction.value, NamedEvent):
        return {"event": direction.value.name}
    return {}


# By POST, too: a prompt is not for the log of addresses. Nothing is changed by it.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Return what a stream will do, as JSON: positions, due times, text."""
    chosen = get_format("plain")
    try:
        call = parse_call(chosen, read_request(request))
        stream = find_stream(slug, get_asker(request))
        prepared = prepare(stream, call, counting=Counting.PREVIEW)
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
        | ({"direction": step.direction.name} if step.direction else {})
        | _event_of(step)
        for due, step in prepared.plan
    ]
    context = prepared.context
    return JsonResponse(
        {
            "stream": context.slug,
            "script": prepared.script,
            "rule": prepared.pin.rule,
            "revision": context.revision,
            "seed": context.seed,
            "fault": context.fault,
            "duration": round(prepared.plan.duration, 6),
            "end": context.end,
            "steps": steps,
        },
        headers=NO_STORE,
    )
