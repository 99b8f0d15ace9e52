"""The direct lane for a site: `application = direct(get_asgi_application())`."""

from collections.abc import Awaitable, Callable
from typing import Any

from streams.lane import EXTENSION, Lane, Receive, Scope, Send

Application = Callable[[Any, Any, Any], Awaitable[None]]


def direct(application: Application) -> Application:
    """Play streams around Django: the same views, middleware and bytes, for less.

    Everything else goes through as it is.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        lane = Lane(receive, send)
        extensions = {**(scope.get("extensions") or {}), EXTENSION: lane}
        await application({**scope, "extensions": extensions}, lane.receive, lane.send)
        if lane.taken:
            await lane.play()
        else:
            await lane.let_go()

    return wrapped
