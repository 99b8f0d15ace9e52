"""ASGI without a framework: what the server itself costs."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from bench.catalogue import MODELS
from bench.peers.chunks import Chunks

_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream")],
}
_STREAMS = {
    name: [f"data: {json.dumps(c)}\n\n".encode() for c in Chunks(name).all(m.texts)]
    for name, m in MODELS.items()
}


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    model = MODELS[json.loads(body)["model"]]
    await send(_START)
    opening, *events, closing = _STREAMS[model.name]
    await send(_part(opening))
    for number, event in enumerate(events):
        if number:
            await asyncio.sleep(model.delay)
        await send(_part(event))
    await send(_part(closing + b"data: [DONE]\n\n"))
    await send({"type": "http.response.body", "body": b""})


def _part(data: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": True}
