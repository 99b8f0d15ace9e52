"""Anthropic's endpoints beside Messages itself."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from streams.api.base import endpoint, json_response
from streams.formats import get_format
from streams.formats.anthropic import read_conversation
from streams.formats.fields import Fields
from streams.preparing.usage import prompt_tokens
from streams.serving.access import find_model
from streams.serving.endpoint import serve
from streams.serving.requests import get_asker, read_request


@endpoint
async def count_tokens(request: HttpRequest) -> HttpResponseBase:
    """Say what `input_tokens` a message would have."""

    def ready() -> HttpResponseBase:
        body = read_request(request, json_only=True).body
        call = read_conversation(Fields.of(body))
        find_model(call.model, get_asker(request))
        return json_response({"input_tokens": prompt_tokens(call)})

    return await serve(request, get_format("anthropic"), ready)
