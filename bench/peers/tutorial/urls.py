"""A stream as a tutorial would write it, and a view that does nothing."""

import asyncio
import json
from collections.abc import AsyncIterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

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


@csrf_exempt
async def completions(request: HttpRequest) -> StreamingHttpResponse:
    model = MODELS[json.loads(request.body)["model"]]
    return StreamingHttpResponse(events(model), content_type="text/event-stream")


@csrf_exempt
async def trivial(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("v1/chat/completions", completions), path("ok", trivial)]
