"""What the endpoints of all vendors have in common."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from streams.core.encoding import dump_json, to_utf8
from streams.formats import get_format
from streams.formats.base import Format
from streams.formats.call import Call
from streams.formats.overrides import parse_call
from streams.http import NO_STORE
from streams.preparing.preparation import Prepared, prepare
from streams.serving.access import find_model
from streams.serving.endpoint import serve
from streams.serving.requests import get_asker, read_request

AsyncView = Callable[..., Awaitable[HttpResponseBase]]


def endpoint(view: AsyncView) -> Callable[..., Any]:
    """Mark a view as one for programs: no CSRF token, no login page, no transaction.

    A page of another site cannot read what it answers, without CORS, and what it keeps
    belongs to whoever shows the same key.
    """
    marked: Any = transaction.non_atomic_requests(view)
    exempt: Any = csrf_exempt(login_not_required(marked))
    # What the short path may call.
    exempt.streams_endpoint = True
    return cast(Callable[..., Any], exempt)


def quick_endpoint(view: AsyncView) -> Callable[..., Any]:
    """Mark an endpoint that calls `serve` with `quick`, and waits for nothing else."""
    marked: Any = endpoint(view)
    # What may be called without a thread at hand.
    marked.streams_quick = True
    return cast(Callable[..., Any], marked)


def prepare_model(request: HttpRequest, wire_format: Format, call: Call) -> Prepared:
    """Prepare the stream that a call names as its model."""
    stream = find_model(call.model, get_asker(request))
    return prepare(stream, call, counts_tokens=wire_format.tells_usage(call))


def json_response(value: object, *, status: int = 200) -> HttpResponse:
    """Answer with JSON, as formats write it."""
    return HttpResponse(
        to_utf8(dump_json(value)),
        status=status,
        content_type="application/json",
        headers=NO_STORE,
    )


@quick_endpoint
async def play_model(request: HttpRequest, wire_format: str) -> HttpResponseBase:
    """Play the stream that the body names as its model."""
    chosen = get_format(wire_format)

    def ready() -> Prepared:
        call = parse_call(chosen, read_request(request, json_only=True))
        return prepare_model(request, chosen, call)

    return await serve(request, chosen, ready, quick=True)
