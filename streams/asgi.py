"""The direct lane for a site: `application = direct(get_asgi_application())`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from streams.at_once import at_once
from streams.bundling import bundled
from streams.playing.lane import EXTENSION, Lane, Receive, Scope, Send
from streams.short import answer, find_endpoint
from streams.threads import request_thread
from streams.turnstile import get_turnstile

Application = Callable[[Any, Any, Any], Awaitable[None]]


def direct(
    application: Application, *, short: Sequence[str] = (), bundle: bool = True
) -> Application:
    """Play streams around Django: the same views, middleware and bytes, for less.

    Everything else goes through as it is. `short` are prefixes of paths, such as
    "/v1/", whose streams are set up without the site's middleware, too: without
    sessions, users, CORS, or the check of ALLOWED_HOSTS. `bundle` says whether the
    middleware around streams may be called in a row, as under WSGI: on the event loop
    if it never waits, or in one visit to the request's thread. See docs/direct-lane.md
    for both.
    """
    prefixes = tuple(short)
    endpoints = bundled(application) if bundle else application
    quick = at_once(application) if bundle else None

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        lane = Lane(receive, send)
        extensions = {**(scope.get("extensions") or {}), EXTENSION: lane}
        inner = {**scope, "extensions": extensions}
        path_asked: str = scope["path"]
        match = find_endpoint(scope)
        if match is None:
            await application(inner, lane.receive, lane.send)
        elif prefixes and path_asked.startswith(prefixes):
            await answer(inner, lane, match)
        else:
            async with get_turnstile().turn(lane):
                again: Receive | None = lane.receive
                if quick is not None and quick.may(scope, match):
                    again = await quick.answer(inner, lane)
                if again is not None:
                    async with request_thread():
                        await endpoints(inner, again, lane.send)
        if lane.taken:
            # A stream lasts: what only Django needed takes no memory meanwhile.
            del extensions, inner, match
            await lane.play()
        else:
            await lane.finish()

    return wrapped
