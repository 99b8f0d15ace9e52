"""What the endpoints have in common: a request, and where its method leads."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from streams.api.base import endpoint, json_response
from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.call import Incoming
from streams.formats.fields import Fields
from streams.models.kept import Kept
from streams.preparing.preparation import Prepared
from streams.serving.access import Asker
from streams.serving.endpoint import serve
from streams.serving.requests import get_asker, read_request

FORMAT = "openai-assistants"

SAFE = {"HEAD": "GET"}
"""Methods that are answered as another is."""

DEEPEST = 100
"""Most levels of a body that is kept."""


class Visit:
    """One request: who asks, and for what."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.asker: Asker = get_asker(request)

    @property
    def workspace(self) -> str:
        return self.asker.workspace

    @cached_property
    def incoming(self) -> Incoming:
        return read_request(self.request, json_only=True)

    @cached_property
    def fields(self) -> Fields:
        """The body, which may be missing where nothing must be said."""
        body = self.incoming.body
        return Fields.of({} if body is None else storable(body))


Handler = Callable[..., Any]
"""Takes a visit and the ids of the path; returns JSON, a response, or what to play."""


def resource(**handlers: Handler) -> Callable[..., Any]:
    """Return the view of a path, from what each method does: `get=`, `post=`, …"""
    known = {name.upper(): handler for name, handler in handlers.items()}
    more = [name for name, same in SAFE.items() if same in known]
    methods = (*known, *more, "OPTIONS")

    @endpoint
    async def view(request: HttpRequest, **ids: str) -> HttpResponseBase:
        def ready() -> HttpResponseBase | Prepared:
            method = request.method or "GET"
            if method == "POST":
                Kept.objects.prune()
            found = known[SAFE.get(method, method)](Visit(request), **ids)
            if isinstance(found, HttpResponseBase | Prepared):
                return found
            return json_response(found)

        return await serve(request, get_format(FORMAT), ready, methods=methods)

    return view


def storable(value: Any, depth: int = 0) -> Any:
    """Return JSON that any database can keep; raise Problem for what none can.

    PostgreSQL refuses NUL and half of a surrogate pair; a number too large for a float
    is infinite once Python has read it, which no database takes for JSON.
    """
    if depth > DEEPEST:
        raise _unfit(f"it is nested more than {DEEPEST} levels deep")
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _unfit("it has too large a number")
    if isinstance(value, dict):
        return {_clean(k): storable(item, depth + 1) for k, item in value.items()}
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    return value


def _clean(text: str) -> str:
    text = text.replace("\0", "")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unfit(why: str) -> Problem:
    return Problem(
        status=400, code="bad_json", message=f"The body cannot be kept: {why}."
    )
