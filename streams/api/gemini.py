"""Google's Gemini API: the model, and whether it streams, are in the address."""

from dataclasses import replace

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from streams.api.base import endpoint, json_response, prepare_model, quick_endpoint
from streams.formats import get_format
from streams.formats.gemini import short, to_be_counted
from streams.formats.overrides import parse_call
from streams.preparing.preparation import Prepared
from streams.preparing.usage import prompt_tokens
from streams.serving.access import find_model
from streams.serving.endpoint import serve
from streams.serving.requests import get_asker, query_text, read_request


@quick_endpoint
async def generate(
    request: HttpRequest, name: str, *, stream: bool = False
) -> HttpResponseBase:
    """Play the stream that the address names: as events for `?alt=sse`, or an array."""
    as_events = not stream or query_text(request, "alt") == "sse"
    chosen = get_format("gemini" if as_events else "gemini-array")

    def ready() -> Prepared:
        call = parse_call(chosen, read_request(request, json_only=True))
        named = replace(call, model=short(name), stream=stream)
        return prepare_model(request, chosen, named)

    return await serve(request, chosen, ready, quick=True)


@endpoint
async def count_tokens(request: HttpRequest, name: str) -> HttpResponseBase:
    """Count what is asked, as the usage of an answer to it does."""
    chosen = get_format("gemini")

    def ready() -> HttpResponseBase:
        call = chosen.parse(to_be_counted(read_request(request, json_only=True)))
        find_model(short(name), get_asker(request))
        return json_response({"totalTokens": prompt_tokens(call)})

    return await serve(request, chosen, ready)
