"""Starlette's StreamingResponse over a generator that sleeps."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from bench.catalogue import MODELS, Model
from bench.peers.chunks import Chunks


async def events(model: Model) -> AsyncIterator[str]:
    chunks = Chunks(model.name)
    yield f"data: {json.dumps(chunks.opening())}\n\n"
    for number, text in enumerate(model.texts):
        if number:
            await asyncio.sleep(model.delay)
        yield f"data: {json.dumps(chunks.text(text))}\n\n"
    yield f"data: {json.dumps(chunks.closing())}\n\n"
    yield "data: [DONE]\n\n"


async def completions(request: Request) -> StreamingResponse:
    asked = await request.json()
    return StreamingResponse(
        events(MODELS[asked["model"]]), media_type="text/event-stream"
    )


application = Starlette(
    routes=[Route("/v1/chat/completions", completions, methods=["POST"])]
)
