"""What a site may have around its streams: middleware, and a streaming view of its own."""

import asyncio
import threading
from typing import Any, NamedTuple

from django.http import HttpResponseRedirect, StreamingHttpResponse
from django.urls import include, path
from django.utils import timezone, translation
from django.utils.decorators import async_only_middleware, sync_only_middleware


@async_only_middleware
def redirect(get_response):
    async def middleware(request):
        await get_response(request)
        return HttpResponseRedirect("/elsewhere/")

    return middleware


@async_only_middleware
def loud(get_response):
    async def upper(parts):
        async for part in parts:
            yield part.upper()

    async def middleware(request):
        response = await get_response(request)
        response.streaming_content = upper(response.streaming_content)
        return response

    return middleware


@async_only_middleware
def marked(get_response):
    async def middleware(request):
        response = await get_response(request)
        response["X-Marked"] = "yes"
        del response["X-Stream-Seed"]
        response.set_cookie("seen", "1")
        response.set_cookie("lane", "2")
        return response

    return middleware


@sync_only_middleware
def old(get_response):
    def middleware(request):
        response = get_response(request)
        response["X-Old"] = "yes"
        return response

    return middleware


@async_only_middleware
def broken(get_response):
    async def middleware(request):
        await get_response(request)
        raise RuntimeError("this middleware is broken")

    return middleware


@async_only_middleware
def waiting(get_response):
    async def middleware(request):
        response = await get_response(request)
        await Gate.opened.wait()
        return response

    return middleware


class Minded(NamedTuple):
    """What `minding` met: a thread, and its language and time zone."""

    thread: int
    before: tuple[str, str]
    after: tuple[str, str]


minded: list[Minded] = []


@sync_only_middleware
def minding(get_response):
    def local() -> tuple[Any, str]:
        return translation.get_language(), timezone.get_current_timezone_name()

    def middleware(request):
        before = local()
        timezone.activate("Asia/Shanghai")
        response = get_response(request)
        minded.append(Minded(threading.get_ident(), before, local()))
        return response

    return middleware


class Gate:
    """What the site's own view and middleware wait for; a test makes the event."""

    opened: asyncio.Event


async def own(request):
    async def parts():
        await Gate.opened.wait()
        yield b"at last"

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("own/", own),
    path("v1/own/", own),
    path("streams/", include("streams.urls")),
    path("", include("streams.api_urls")),
]
