"""OpenAI's Responses: begun, kept, looked at, resumed, cancelled and deleted."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from streams.api.base import endpoint, json_response
from streams.api.kept_responses import (
    FORMAT,
    Item,
    KeptResponse,
    complete_body,
    find_response,
    keep,
    parse,
    rows,
)
from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.fields import Fields
from streams.formats.openai_responses_object import response_object
from streams.formats.openai_responses_settings import choice
from streams.formats.overrides import with_overrides
from streams.playing.admission import admit
from streams.preparing.preparation import Prepared, prepare
from streams.serving.access import Asker, find_model
from streams.serving.endpoint import serve
from streams.serving.requests import get_asker, read_request

MOST_LISTED = 100
"""Largest `limit` of a list, as at OpenAI."""


@endpoint
async def create(request: HttpRequest) -> HttpResponseBase:
    """Begin a response."""

    def ready() -> Prepared | HttpResponseBase:
        asker = get_asker(request)
        incoming = read_request(request, json_only=True)
        call = parse(incoming.body)
        complete = complete_body(dict(call.params), asker)
        call = with_overrides(parse(json.loads(complete)), incoming)
        stream = find_model(call.model, asker)
        background = call.options["settings"]["background"] and not call.stream
        if not background:
            # Here, too: nothing is kept of what is refused.
            admit(stream, request.META.get("REMOTE_ADDR", "")).release()
        call = replace(call, options={**call.options, "kept": call.options["store"]})
        prepared = prepare(stream, call, counts_tokens=True)
        if call.options["store"]:
            keep(prepared, complete, asker)
        if background:
            return json_response(response_object(prepared.context, [], "queued"))
        return prepared

    return await serve(request, get_format(FORMAT), ready)


@endpoint
async def response(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show a response, or play what is left of it, or forget it."""

    def ready() -> Prepared | HttpResponseBase:
        asker = get_asker(request)
        if request.method == "DELETE":
            deleted, _ = rows(key, asker).delete()
            if not deleted:
                raise _not_found(key)
            return json_response({"id": key, "object": "response", "deleted": True})
        query = read_request(request).query
        found = _get(key, asker)
        if query.get("stream", "").lower() in ("true", "1"):
            after = _number(query, "starting_after", 0, 10**9, -1)
            return found.play(time.time(), after)
        return json_response(found.as_json(time.time()))

    methods = ("GET", "HEAD", "DELETE", "OPTIONS")
    return await serve(request, get_format(FORMAT), ready, methods=methods)


@endpoint
async def cancel(request: HttpRequest, key: str) -> HttpResponseBase:
    """End a response in the background where it is."""

    def ready() -> HttpResponseBase:
        found = _get(key, get_asker(request))
        if not found.background:
            raise Problem(
                status=400,
                code="not_in_background",
                message=(
                    "Cannot cancel a synchronous response: only those created with"
                    " background=true. Close its connection instead."
                ),
            )
        now = time.time()
        found.cancel(now)
        return json_response(found.as_json(now))

    return await serve(request, get_format(FORMAT), ready)


@endpoint
async def input_items(request: HttpRequest, key: str) -> HttpResponseBase:
    """List what a response was asked, with the conversation before it."""

    def ready() -> HttpResponseBase:
        query = read_request(request).query
        items = _get(key, get_asker(request)).input()
        return json_response(_page(items, query))

    methods = ("GET", "HEAD", "OPTIONS")
    return await serve(request, get_format(FORMAT), ready, methods=methods)


def _page(items: list[Item], query: Mapping[str, str]) -> dict[str, object]:
    limit = _number(query, "limit", 1, MOST_LISTED, 20)
    if choice(Fields(query), "order", ("desc", "asc"), "desc") == "desc":
        items = items[::-1]
    if after := query.get("after"):
        places = [place for place, item in enumerate(items, 1) if item["id"] == after]
        if not places:
            raise Problem(
                status=400,
                code="item_not_found",
                message=f"Item with id '{after[:60]}' is none of this response's.",
                param="after",
            )
        items = items[places[0] :]
    page = items[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else "",
        "last_id": page[-1]["id"] if page else "",
        "has_more": len(items) > limit,
    }


def _number(
    query: Mapping[str, str], name: str, lowest: int, highest: int, default: int
) -> int:
    """Read a whole number of the query."""
    raw = query.get(name)
    if not raw:
        return default
    value = int(raw) if re.fullmatch(r"-?[0-9]{1,18}", raw) else raw
    return Fields({name: value}).integer(name, lowest, highest) or 0


def _get(key: str, asker: Asker) -> KeptResponse:
    found = find_response(key, asker)
    if found is None:
        raise _not_found(key)
    return found


def _not_found(key: str) -> Problem:
    return Problem(
        status=404,
        code="response_not_found",
        message=f"Response with id '{key[:60]}' not found.",
    )
