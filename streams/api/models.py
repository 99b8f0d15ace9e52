"""Which models there are: the streams, as each vendor lists them."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from streams.api.base import endpoint, json_response
from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.base import Format, Model
from streams.models import Stream
from streams.serving.access import find_model
from streams.serving.endpoint import serve
from streams.serving.requests import get_asker, query_text

METHODS = ("GET", "HEAD", "OPTIONS")

# Vendors share paths; their SDKs send a header that the others' do not.
TELLING_HEADERS = {"x-goog-api-key": "gemini", "anthropic-version": "anthropic"}


def vendor(request: HttpRequest) -> Format:
    """Return the format of the vendor whose SDK asks, OpenAI's for want of a sign."""
    for header, name in TELLING_HEADERS.items():
        if header in request.headers:
            return get_format(name)
    # Where Google's clients without an SDK put their key.
    if query_text(request, "key"):
        return get_format("gemini")
    return get_format("openai-chat")


@endpoint
async def models(
    request: HttpRequest, wire_format: str | None = None
) -> HttpResponseBase:
    """List the published streams."""
    chosen = get_format(wire_format) if wire_format else vendor(request)

    def ready() -> HttpResponseBase:
        streams = get_asker(request).streams().order_by("slug")
        return json_response(chosen.models([describe(one) for one in streams]))

    return await serve(request, chosen, ready, methods=METHODS)


@endpoint
async def model(
    request: HttpRequest, name: str, wire_format: str | None = None
) -> HttpResponseBase:
    """Describe one stream, or the site's default under the name asked for."""
    chosen = get_format(wire_format) if wire_format else vendor(request)

    def ready() -> HttpResponseBase:
        stream = find_model(name, get_asker(request))
        return json_response(chosen.model(describe(stream, name)))

    return await serve(request, chosen, ready, methods=METHODS)


@endpoint
async def unknown(
    request: HttpRequest, path: str, wire_format: str | None = None
) -> HttpResponseBase:
    """Say, as the vendor would, that there is no such endpoint."""
    chosen = get_format(wire_format) if wire_format else vendor(request)

    def ready() -> HttpResponseBase:
        raise Problem(
            status=404,
            code="unknown_url",
            message=(
                f"There is no {request.method} {request.path[:100]} here: this server"
                " plays scripts. docs/wire-formats.md lists its endpoints."
            ),
        )

    every = (request.method or "GET",)
    return await serve(request, chosen, ready, methods=every)


def describe(stream: Stream, name: str | None = None) -> Model:
    """Return what formats show of a stream."""
    return Model(
        name=name or stream.slug,
        title=stream.title,
        created=int(stream.created.timestamp()),
    )
