"""A proxy that records the streams that pass through it.

It is for one person at one machine: it sends on what it is sent, key and all, and keeps
of it nothing but what was answered and when. Needs httpx and uvicorn.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from socket import socket
from typing import Any

import httpx
import uvicorn

from streams.capture.tape import Answer

Scope = Mapping[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Mapping[str, Any]], Any]

STREAMS = (
    "text/event-stream",
    "application/x-ndjson",
    "application/jsonl",
    "application/stream+json",
)
"""Media types that are streams whatever the request."""

# RFC 9110, section 7.6.1: these are about one connection.
_HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
        *(b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)
# A stream that is packed comes in other pieces than it was sent in.
_OF_THE_REQUEST = _HOP_BY_HOP | {b"host", b"content-length", b"accept-encoding"}
_OF_THE_ANSWER = _HOP_BY_HOP | {b"content-encoding", b"content-length"}


class RecordingProxy:
    """An ASGI application: every request goes to the upstream, its answer back."""

    def __init__(
        self,
        upstream: str,
        client: httpx.AsyncClient,
        on_answer: Callable[[Answer], None],
        *,
        on_pass: Callable[[str], object] = lambda line: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_answer` gets each streamed answer that the client stayed for, `on_pass`
        a line about every other request, both without keys."""
        self._upstream = httpx.URL(upstream)
        self._client = client
        self._on_answer = on_answer
        self._on_pass = on_pass
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1003})
            return
        body = await _body(receive)
        if body is None:
            return
        relay = asyncio.ensure_future(self._relay(scope, body, send))
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait({relay, gone}, return_when=asyncio.FIRST_COMPLETED)
            if relay.done():
                relay.result()
            else:
                self._on_pass(f"{_what(scope)}: the client left, so it is not recorded")
        finally:
            for task in (relay, gone):
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task

    async def _relay(self, scope: Scope, body: bytes, send: Send) -> None:
        begun = self._now()
        request = self._request(scope, body)
        try:
            response = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            what = f"{self._upstream.host} gave no answer ({type(error).__name__})"
            self._on_pass(f"{_what(scope)}: {what}")
            await _refuse(send, what)
            return
        try:
            await self._pass_on(scope, response, begun, send)
        finally:
            await response.aclose()

    async def _pass_on(
        self, scope: Scope, response: httpx.Response, begun: float, send: Send
    ) -> None:
        answer = Answer(scope["path"]) if _is_stream(scope, response) else None
        if answer is None:
            self._on_pass(f"{_what(scope)}: {response.status_code}, no stream")
        headers = [
            (name, value)
            for name, value in response.headers.raw
            if name.lower() not in _OF_THE_ANSWER
        ]
        start = {"status": response.status_code, "headers": headers}
        await send({"type": "http.response.start", **start})
        try:
            async for piece in response.aiter_bytes():
                if answer:
                    answer.pieces.append((self._now() - begun, piece))
                said = {"type": "http.response.body", "body": piece}
                await send({**said, "more_body": True})
        except httpx.HTTPError as error:
            # Without an end the server breaks the client's connection, too.
            self._on_pass(f"{_what(scope)}: broken off ({type(error).__name__})")
        else:
            if answer:
                answer.whole = True
            await send({"type": "http.response.body", "body": b""})
        if answer:
            self._on_answer(answer)

    def _request(self, scope: Scope, body: bytes) -> httpx.Request:
        path = scope.get("raw_path") or scope["path"].encode()
        prefix = self._upstream.raw_path.partition(b"?")[0].rstrip(b"/")
        target = prefix + path
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name.lower() not in _OF_THE_REQUEST
        ]
        return httpx.Request(
            scope["method"],
            self._upstream.copy_with(raw_path=target),
            headers=[*headers, (b"accept-encoding", b"identity")],
            content=body or None,
        )


def new_client(**settings: Any) -> httpx.AsyncClient:
    """Return a client that waits for slow models, and keeps no cookies."""
    client = httpx.AsyncClient(timeout=httpx.Timeout(600, connect=30), **settings)
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


async def serve(
    upstream: str,
    listening: socket,
    answers: list[Answer],
    *,
    enough: int,
    tell: Callable[[str], object],
) -> None:
    """Run a proxy on a socket until there are `enough` answers."""

    def take(answer: Answer) -> None:
        answers.append(answer)
        tell(f"{answer.path}: a stream, {len(answer.pieces)} pieces")
        server.should_exit = len(answers) >= enough

    async with new_client() as client:
        proxy = RecordingProxy(upstream, client, take, on_pass=tell)
        # It would log addresses, and say whose answers these are.
        config = uvicorn.Config(
            proxy,
            access_log=False,
            date_header=False,
            lifespan="off",
            log_level="warning",
            server_header=False,
            ws="none",
        )
        server = uvicorn.Server(config)
        await server.serve([listening])


def keep_quiet() -> None:
    """Have the libraries log no addresses and no headers: both may hold keys."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _is_stream(scope: Scope, response: httpx.Response) -> bool:
    if response.status_code != 200:
        return False
    media_type = response.headers.get("content-type", "").partition(";")[0]
    # Google's other stream is a JSON array, and looks like any answer.
    array = scope["path"].endswith(":streamGenerateContent")
    return array or media_type.strip().lower() in STREAMS


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request; None if its client left meanwhile."""
    body = b""
    while True:
        message: Mapping[str, Any] = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, why: str) -> None:
    error = {"message": f"The recording proxy: {why}.", "type": "upstream_unreachable"}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 502, "headers": headers})
    body = json.dumps({"error": error}).encode()
    await send({"type": "http.response.body", "body": body})


def _what(scope: Scope) -> str:
    return f"{scope['method']} {scope['path']}"
