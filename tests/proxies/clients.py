"""A client that comes back, as an EventSource does (HTML standard, 9.2)."""

import asyncio
from dataclasses import dataclass, field

import httpx
import httpx_sse


@dataclass(slots=True)
class Played:
    """What a client got, over all its connections."""

    parts: list[str] = field(default_factory=list)
    revisions: set[str] = field(default_factory=set)
    connections: int = 0
    failures: int = 0
    """Connections that broke off, or were refused."""
    resets: int = 0
    done: bool = False

    @property
    def text(self) -> str:
        return "".join(self.parts)


async def play(client: httpx.AsyncClient, url: str, played: Played) -> None:
    """Read a stream until it is done; resume it where its connection ends."""
    last_id, retry = "", 3000
    while not played.done:
        headers = {"Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        played.connections += 1
        try:
            async with client.stream("GET", url, headers=headers) as response:
                # On anything else an EventSource would give up.
                assert response.status_code == 200, response.status_code
                if "x-stream-revision" in response.headers:
                    played.revisions.add(response.headers["x-stream-revision"])
                async for event in httpx_sse.EventSource(response).aiter_sse():
                    last_id = event.id or last_id
                    retry = event.retry or retry
                    if event.event == "done":
                        played.done = True
                        break
                    if event.event == "reset":
                        played.resets += 1
                        played.parts.clear()
                    elif event.data:
                        played.parts.append(event.data)
        except httpx.TransportError:
            played.failures += 1
        if not played.done:
            await asyncio.sleep(retry / 1000)
