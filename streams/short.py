"""The short path: a stream's view on a real request, without the site's middleware."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from asgiref.sync import ThreadSensitiveContext
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve, set_script_prefix

from streams.core.stepping import finish
from streams.playing.lane import Lane, Scope

SHORT = "streams_short"
"""Marks requests that came this way."""


class _Handler(ASGIHandler):
    """Django's reading of requests and sending of responses, without middleware."""

    def __init__(self) -> None:
        pass


_handler = _Handler()


MOST_KEPT = 1000
LONGEST_KEPT = 500

_matches: dict[tuple[str, str], ResolverMatch | None] = {}


def find_endpoint(scope: Scope) -> ResolverMatch | None:
    """Return the one of the app's own views that a request is for, if it is for one."""
    path = scope["path"].removeprefix(get_script_prefix(scope))
    key = (str(settings.ROOT_URLCONF), path)
    if key in _matches:
        return _matches[key]
    try:
        match = _resolve(path)
    except Exception:
        # A converter or a URLconf of the site: Django meets the same, and tells it.
        return None
    if len(path) <= LONGEST_KEPT:
        if len(_matches) >= MOST_KEPT:
            # The oldest goes; those of streams that are asked for often come back.
            _matches.pop(next(iter(_matches)), None)
        _matches[key] = match
    return match


def _resolve(path: str) -> ResolverMatch | None:
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match if getattr(match.func, "streams_endpoint", False) else None


async def answer(scope: Scope, lane: Lane, match: ResolverMatch) -> None:
    """Answer a request for one of the app's own views.

    It has neither session nor user, no middleware sees it, and Django's signals of
    requests are not sent.
    """
    try:
        body = await _handler.read_body(lane.receive)
    except RequestAborted:
        return
    set_script_prefix(get_script_prefix(scope))
    request, refused = _handler.create_request(scope, body)
    if request is None:
        assert refused is not None
        await _handler.send_response(refused, lane.send)
        return
    request.resolver_match = match
    setattr(request, SHORT, True)
    async with ThreadSensitiveContext():
        response = await _respond(request, match, lane)
        if response is not None:
            await _handler.send_response(response, lane.send)
    body.close()


async def _respond(
    request: ASGIRequest, match: ResolverMatch, lane: Lane
) -> HttpResponseBase | None:
    """Call the view; None where the client left meanwhile."""
    view: Coroutine[Any, Any, HttpResponseBase]
    view = match.func(request, *match.args, **match.kwargs)
    try:
        # As a rule all is at hand, and the view has nothing to wait for.
        waits_for = view.send(None)
    except StopIteration as done:
        response: HttpResponseBase = done.value
        return response
    answering = asyncio.ensure_future(finish(view, waits_for))
    leaving = asyncio.ensure_future(lane.receive())
    try:
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        return answering.result() if answering.done() else None
    finally:
        for task in (answering, leaving):
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))
