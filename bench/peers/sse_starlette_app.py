"""sse-starlette as its documentation shows it: a generator that sleeps."""

import asyncio
import json
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from bench.catalogue import MODELS, Model
from bench.peers.chunks import Chunks


async def events(model: Model) -> AsyncIterator[dict[str, str]]:
    chunks = Chunks(model.name)
    yield {"data": json.dumps(chunks.opening())}
    for number, text in enumerate(model.texts):
        if number:
            await asyncio.sleep(model.delay)
        yield {"data": json.dumps(chunks.text(text))}
    yield {"data": json.dumps(chunks.closing())}
    yield {"data": "[DONE]"}


async def completions(request: Request) -> EventSourceResponse:
    asked = await request.json()
    return EventSourceResponse(events(MODELS[asked["model"]]))


application = Starlette(
    routes=[Route("/v1/chat/completions", completions, methods=["POST"])]
)
