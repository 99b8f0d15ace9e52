"""What the AI SDK's hooks ask for where they are told no address.

`useChat` posts to `/api/chat`, which is Ollama's too, and `useCompletion` to
`/api/completion`. Neither names a model: the site's default stream answers.
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from streams.api.base import endpoint, prepare_model, quick_endpoint
from streams.conf import conf
from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.overrides import parse_call
from streams.http import NO_STORE, BodilessResponse
from streams.preparing.preparation import Prepared
from streams.serving.endpoint import serve
from streams.serving.requests import read_request


def is_for_use_chat(request: HttpRequest) -> bool:
    """Tell whether the messages of a body have parts, as those of `useChat` do.

    A body that cannot be read is none of its.
    """
    try:
        body = read_request(request, json_only=True).body
    except Problem:
        return False
    if not isinstance(body, dict):
        return False
    messages = body.get("messages") or [body.get("message")]
    return isinstance(messages, list) and any(
        isinstance(message, dict) and "parts" in message for message in messages
    )


@quick_endpoint
async def play_default(request: HttpRequest) -> HttpResponseBase:
    """Play the stream that the body names as its model, or else the site's default."""
    chosen = get_format("ai-sdk")

    def ready() -> Prepared:
        call = parse_call(chosen, read_request(request, json_only=True))
        if not call.model and conf.default_stream is None:
            raise Problem(
                status=404,
                code="no_default_stream",
                message=(
                    "This site has no default stream (DEFAULT_STREAM). Name one in the"
                    ' transport: new DefaultChatTransport({ body: { model: "greeting" }'
                    ' }), or { api: "/streams/greeting/events?format=ai-sdk" }.'
                ),
                param="model",
            )
        return prepare_model(request, chosen, call)

    return await serve(request, chosen, ready, quick=True)


@endpoint
async def resume(request: HttpRequest, **named: str) -> HttpResponseBase:
    """Answer `useChat({ resume: true })`: there is nothing to go on with."""

    def ready() -> HttpResponseBase:
        return BodilessResponse(status=204, headers=NO_STORE)

    methods = ("GET", "HEAD", "OPTIONS")
    return await serve(request, get_format("ai-sdk"), ready, methods=methods)
