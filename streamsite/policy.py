"""A Content-Security-Policy for every page: nothing inline, nothing from elsewhere.

Django 6 has this built in, as the setting SECURE_CSP; docs/content-security-policy.md
has both.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

HEADER = "Content-Security-Policy"

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        # That of streams/trusted-types.js, in the admin; other pages need none.
        "trusted-types default",
    ]
)

# Django's own pages for developers have their styles and scripts in them.
DEBUG_PAGES = {HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR}


@sync_and_async_middleware
def content_security_policy(get_response: Any) -> Callable[[HttpRequest], Any]:
    """Send it with every page; streams and files need none."""
    if not iscoroutinefunction(get_response):
        return lambda request: _with_policy(get_response(request))
    answer: Callable[[HttpRequest], Awaitable[HttpResponseBase]] = get_response

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        return _with_policy(await answer(request))

    return middleware


def _with_policy(response: HttpResponseBase) -> HttpResponseBase:
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    for_developers = settings.DEBUG and response.status_code in DEBUG_PAGES
    if is_page and not for_developers:
        response.headers.setdefault(HEADER, POLICY)
    return response
