"""A site's middleware on the event loop, where all of it is known never to wait.

Synchronous middleware needs a thread, since it may ask a database or another service.
What Django's own does for a stream takes microseconds each, and the two threads wait
for one another far longer: half of what it costs to set a stream up, and more beside
many that play. So a stream is set up without a thread if it can be; if not, all is done
once more in one, as ever.
"""

from collections.abc import Callable, Coroutine
from functools import cache, partial, wraps
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.cache import close_caches
from django.core.exceptions import MiddlewareNotUsed, SynchronousOnlyOperation
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import reset_urlconf
from django.core.handlers.exception import response_for_exception
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.dispatch import Signal
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, set_script_prefix
from django.utils.module_loading import import_string

from streams.conf import conf
from streams.core.hurry import WouldWait, is_short
from streams.playing.lane import Lane, Message, Receive, Scope
from streams.serving.endpoint import AT_ONCE

NEVER_WAITS = frozenset(
    {
        "corsheaders.middleware.CorsMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csp.ContentSecurityPolicyMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
    }
)
"""Middleware that waits for nothing around a stream: users and sessions are looked up
when a view asks for them, and sessions saved when it has changed them."""

_RECEIVERS = frozenset(
    map(id, (reset_queries, close_old_connections, reset_urlconf, close_caches))
)
"""Django's own receivers of its signals of requests. They let go of what a request has
used in its thread, and a request without one has used nothing of the kind."""

Respond = Callable[[HttpRequest], HttpResponseBase]


class AtOnce:
    """Sets streams up on the event loop."""

    def __init__(self) -> None:
        self._handler = _handler()
        self._usable = True

    def may(self, scope: Scope, match: ResolverMatch) -> bool:
        """Tell whether to try: whether nothing is known that would wait."""
        return (
            self._usable
            and getattr(match.func, "streams_quick", False)
            and _has_short_body(scope)
            and _only_djangos(request_started)
            and _only_djangos(request_finished)
        )

    async def answer(self, scope: Scope, lane: Lane) -> Receive | None:
        """Answer a request, and return None; or what to receive it by once more, where
        something would have to wait."""
        messages = [await lane.receive()]
        while messages[-1].get("more_body"):
            messages.append(await lane.receive())
        if messages[-1]["type"] != "http.request":
            return None
        body = b"".join(message.get("body", b"") for message in messages)
        try:
            response = self._respond(scope, body)
        except WouldWait as error:
            if isinstance(error.__cause__, SynchronousOnlyOperation):
                # Raised in middleware, as it would be again.
                self._usable = False
            lane.tried = True
            return partial(_receive_again, messages, lane)
        try:
            await self._handler.send_response(response, lane.send)
        finally:
            _close(response)
        return None

    def _respond(self, scope: Scope, body: bytes) -> HttpResponseBase:
        """What `ASGIHandler.handle` does between the request and its response."""
        handler = self._handler
        set_script_prefix(get_script_prefix(scope))
        request, refused = handler.create_request(scope, BytesIO(body))
        if request is None:
            assert refused is not None
            return refused
        setattr(request, AT_ONCE, True)
        response: HttpResponseBase = handler.get_response(request)
        return response


def at_once(application: Any) -> AtOnce | None:
    """Return what sets streams up on the event loop; None where that may not be.

    Like bundling, it makes middleware anew, and leaves alone whatever is not exactly
    Django's handler.
    """
    if type(application) is not ASGIHandler:
        return None
    never_wait = NEVER_WAITS.union(conf.quick_middleware)
    if not never_wait.issuperset(settings.MIDDLEWARE):
        return None
    middleware = [import_string(path) for path in settings.MIDDLEWARE]
    if not all(getattr(one, "sync_capable", True) for one in middleware):
        return None
    if settings.CSRF_USE_SESSIONS or settings.SESSION_SAVE_EVERY_REQUEST:
        return None
    if not settings.SESSION_ENGINE.startswith("django.contrib.sessions.backends."):
        return None
    if not settings.MESSAGE_STORAGE.startswith("django.contrib.messages.storage."):
        return None
    return AtOnce()


def _handler() -> ASGIHandler:
    """Return Django's handler with its middleware called one in the other, as
    `BaseHandler.load_middleware` has it, but for what would wait."""
    handler = ASGIHandler.__new__(ASGIHandler)
    around: dict[str, list[Any]] = {
        "view": [],
        "template_response": [],
        "exception": [],
    }
    inner = _converted(handler._get_response)  # type: ignore[attr-defined]
    for path in reversed(settings.MIDDLEWARE):
        try:
            middleware = import_string(path)(inner)
        except MiddlewareNotUsed:
            continue
        for kind, methods in around.items():
            if method := getattr(middleware, f"process_{kind}", None):
                methods.append(method)
        inner = _converted(middleware)
    # The views' from the outside in; the others the other way.
    around["view"].reverse()
    vars(handler).update(
        {f"_{kind}_middleware": methods for kind, methods in around.items()},
        _middleware_chain=inner,
        resolve_request=partial(_resolve, handler),
    )
    return handler


def _converted(respond: Respond) -> Respond:
    """Make responses of exceptions, as Django does at each middleware."""

    @wraps(respond, updated=())
    def inner(request: HttpRequest) -> HttpResponseBase:
        try:
            return respond(request)
        except SynchronousOnlyOperation as error:
            raise WouldWait from error
        except Exception as error:
            return response_for_exception(request, error)

    return inner


def _resolve(handler: ASGIHandler, request: HttpRequest) -> tuple[Any, Any, Any]:
    view, args, kwargs = ASGIHandler.resolve_request(handler, request)
    return _stepped(view), args, kwargs


@cache
def _stepped(view: Callable[..., Any]) -> Callable[..., HttpResponseBase]:
    """Return a view that answers at once, or raises WouldWait."""

    @wraps(view)
    def stepped(*args: Any, **kwargs: Any) -> HttpResponseBase:
        answering: Coroutine[Any, Any, HttpResponseBase] = view(*args, **kwargs)
        try:
            answering.send(None)
        except StopIteration as done:
            response: HttpResponseBase = done.value
            return response
        answering.close()
        raise WouldWait

    return stepped


def _close(response: HttpResponseBase) -> None:
    """What `HttpResponseBase.close` does, but for the signal that nobody hears."""
    facts = vars(response)
    for close in facts["_resource_closers"]:
        close()
    facts["_resource_closers"].clear()
    facts["closed"] = True


def _only_djangos(signal: Signal) -> bool:
    try:
        return all(key[0] in _RECEIVERS for key, *_ in signal.receivers)
    except (TypeError, ValueError):
        # A later Django, which keeps them in another way.
        return False


def _has_short_body(scope: Scope) -> bool:
    length = next((v for k, v in scope["headers"] if k == b"content-length"), b"")
    return is_short(scope["method"], length.decode("latin-1"))


async def _receive_again(messages: list[Message], lane: Lane) -> Message:
    return messages.pop(0) if messages else await lane.receive()
