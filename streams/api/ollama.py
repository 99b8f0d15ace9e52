"""Ollama's own API. A model may have a tag, as `greeting:latest`: it says nothing."""

import time

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from streams.api import ai_sdk
from streams.api.base import endpoint, json_response, quick_endpoint
from streams.api.models import METHODS, describe
from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.fields import Fields
from streams.formats.ollama import OllamaFormat
from streams.formats.ollama_models import running, shown
from streams.formats.overrides import parse_call
from streams.models import Stream
from streams.preparing.preparation import Prepared, prepare
from streams.serving.access import Asker, find_model
from streams.serving.endpoint import serve
from streams.serving.requests import get_asker, read_request

VERSION = "0.12.6"
"""The Ollama whose API this is: clients ask before they use what is newer."""


@quick_endpoint
async def chat(request: HttpRequest) -> HttpResponseBase:
    """Play a stream in a conversation. The AI SDK's `useChat` asks here, too."""
    if ai_sdk.is_for_use_chat(request):
        response: HttpResponseBase = await ai_sdk.play_default(request)
        return response
    return await _play(request, "ollama-chat")


@quick_endpoint
async def generate(request: HttpRequest) -> HttpResponseBase:
    """Play a stream in answer to one prompt."""
    return await _play(request, "ollama-generate")


async def _play(request: HttpRequest, wire_format: str) -> HttpResponseBase:
    chosen = get_format(wire_format)

    def ready() -> Prepared | HttpResponseBase:
        call = parse_call(chosen, read_request(request, json_only=True))
        stream = find(call.model, get_asker(request))
        if not call.messages and isinstance(chosen, OllamaFormat):
            return json_response(chosen.loaded(call, int(time.time())))
        return prepare(stream, call, counts_tokens=chosen.tells_usage(call))

    return await serve(request, chosen, ready, quick=True)


@endpoint
async def show(request: HttpRequest) -> HttpResponseBase:
    """Describe one stream."""

    def ready() -> HttpResponseBase:
        fields = Fields.of(read_request(request, json_only=True).body)
        # `name` is what it was called before.
        older = "model" not in fields and "name" in fields
        name = fields.text("name" if older else "model")
        stream = find(name, get_asker(request))
        return json_response(shown(describe(stream, name)))

    return await serve(request, get_format("ollama-chat"), ready)


@endpoint
async def ps(request: HttpRequest) -> HttpResponseBase:
    """List the streams as models that are in memory."""

    def ready() -> HttpResponseBase:
        streams = get_asker(request).streams().order_by("slug")
        return json_response(running([describe(one) for one in streams]))

    return await serve(request, get_format("ollama-chat"), ready, methods=METHODS)


@endpoint
async def version(request: HttpRequest) -> HttpResponseBase:
    """Tell clients what they may use."""

    def ready() -> HttpResponseBase:
        return json_response({"version": VERSION})

    return await serve(request, get_format("ollama-chat"), ready, methods=METHODS)


def find(name: str, asker: Asker) -> Stream:
    """Return the stream that a client names, or raise Problem in Ollama's words."""
    try:
        return find_model(name.partition(":")[0], asker)
    except Problem as problem:
        if problem.code == "model_not_found":
            _, _, remedy = problem.message.partition(": ")
            problem.message = f"model '{name[:100]}' not found: {remedy}"
        raise
