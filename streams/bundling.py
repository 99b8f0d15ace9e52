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


def _bundling_handler() -> ASGIHandler:
    """Return Django's handler with the middleware called as under WSGI, in the thread
    that a request has anyway. The view runs on the event loop, as ever.

    It is no class of its own: `request_started` and `request_finished` name the
    handler's class as their sender, and who listens may ask for Django's.
    """
    handler = ASGIHandler.__new__(ASGIHandler)
    handler.load_middleware(is_async=False)
    respond = sync_to_async(handler.get_response, thread_sensitive=True)

    async def get_response_async(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await respond(request)
        return response

    vars(handler)["get_response_async"] = get_response_async
    return handler


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
    return _bundling_handler()


def _switches(middleware: Any) -> bool:
    """Tell whether Django calls it in the request's thread under ASGI."""
    if not getattr(middleware, "async_capable", False):
        return True
    return isinstance(middleware, type) and issubclass(middleware, MiddlewareMixin)
