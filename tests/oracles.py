"""Independent readers of what we send."""

import httpx
import httpx_sse


def read_events(body: bytes) -> list[httpx_sse.ServerSentEvent]:
    """Parse an event stream with httpx-sse."""
    response = httpx.Response(
        200, headers={"content-type": "text/event-stream"}, content=body
    )
    return list(httpx_sse.EventSource(response).iter_sse())


def spoken(body: bytes) -> str:
    """Join the data of a `plain` stream's messages."""
    return "".join(e.data for e in read_events(body) if e.event == "message")
