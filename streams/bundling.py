"""A site's middleware in one visit to the request's thread, not one for each call.

Under ASGI, Django calls the synchronous methods of a middleware that knows both worlds
in the request's thread, each by itself: twice for a middleware, a dozen times with the
seven that `startproject` lists. Each is a switch of threads and back, and together they
cost more than what is done there. Under WSGI the same middleware is called in a row.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

FEWEST = 2
"""Middleware that switches threads, from which on one visit for all is less."""


class _BundlingHandler(ASGIHandler):
    """Django's handler with the middleware called as under WSGI, in the thread that a
    request has anyway. The view runs on the event loop, as ever."""

    def __init__(self) -> None:
        self.load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        respond = sync_to_async(self.get_response, thread_sensitive=True)
        response: HttpResponseBase = await respond(request)
        return response


def bundled(application: Any) -> Any:
    """Return a handler that does the same as Django's, in one visit to the thread.

    Return the application itself where it is not exactly Django's, where a middleware
    is asynchronous only, or where there is next to nothing to bundle. Middleware is
    made anew for the handler: what an instance keeps, it keeps for its own requests.
    """
    if type(application) is not ASGIHandler:
        return application
    middleware = [import_string(path) for path in settings.MIDDLEWARE]
    if not all(getattr(one, "sync_capable", True) for one in middleware):
        return application
    if sum(map(_switches, middleware)) < FEWEST:
        return application
    return _BundlingHandler()


def _switches(middleware: Any) -> bool:
    """Tell whether Django calls it in the request's thread under ASGI."""
    if not getattr(middleware, "async_capable", False):
        return True
    return isinstance(middleware, type) and issubclass(middleware, MiddlewareMixin)
