"""A client inside the process that gets ASGI messages as a server does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from uuid import UUID


class Exchange:
    """One request, and what an application has sent for it so far."""

    def __init__(self, body: bytes) -> None:
        self.messages: list[dict[str, Any]] = []
        self.task: asyncio.Task[None]
        self._body = [body[:65536], *_parts(body[65536:])]
        self._more = asyncio.Condition()
        self._gone = asyncio.Event()

    @property
    def status(self) -> int:
        return self.messages[0]["status"]

    @property
    def headers(self) -> dict[str, str]:
        """Of headers that come twice, the last one."""
        return {name.lower(): value for name, value in self.header_list}

    @property
    def header_list(self) -> list[tuple[str, str]]:
        pairs = self.messages[0]["headers"]
        return [(name.decode("latin-1"), v.decode("latin-1")) for name, v in pairs]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def complete(self) -> bool:
        """Whether the application said that this is all."""
        return not self.messages[-1].get("more_body", False)

    async def receive(self) -> dict[str, Any]:
        if self._body:
            part = self._body.pop(0)
            more = bool(self._body)
            return {"type": "http.request", "body": part, "more_body": more}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        assert not self.messages or not self.complete or len(self.messages) == 1
        starts = message["type"] == "http.response.start"
        assert starts == (not self.messages), "the order of messages is wrong"
        self.messages.append(message)
        async with self._more:
            self._more.notify_all()

    async def has(self, enough: Callable[[bytes], bool]) -> None:
        """Wait until the body is as wanted."""
        async with self._more:
            await self._more.wait_for(lambda: self.messages and enough(self.body))

    def leave(self) -> None:
        """Tell the application that its client is gone."""
        self._gone.set()


def _parts(rest: bytes) -> list[bytes]:
    return [rest[at : at + 65536] for at in range(0, len(rest), 65536)]


@asynccontextmanager
async def open_exchange(
    application: Callable[..., Awaitable[None]],
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    **scope: Any,
) -> AsyncIterator[Exchange]:
    """Ask, and let the caller look on; the client leaves at the end of the context."""
    path, _, query = path.partition("?")
    named = {"host": "testserver"} | (headers or {})
    if body:
        named = {"content-length": str(len(body))} | named
    exchange = Exchange(body)
    complete_scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path, errors="replace").encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(n.lower().encode(), v.encode()) for n, v in named.items()],
        "client": ("127.0.0.1", 1234),
        "server": ("testserver", 80),
        **scope,
    }
    exchange.task = asyncio.create_task(
        application(complete_scope, exchange.receive, exchange.send)
    )
    try:
        yield exchange
    finally:
        exchange.leave()
        await asyncio.wait_for(asyncio.wait((exchange.task,)), 10)


async def ask(
    application: Callable[..., Awaitable[None]], path: str, **options: Any
) -> Exchange:
    """Ask, and return the answer once the application is through."""
    async with open_exchange(application, path, **options) as exchange:
        await asyncio.wait_for(exchange.task, 20)
    return exchange


def freeze(monkeypatch: Any) -> None:
    """Give all runs one id and one moment: what else differs is a difference."""
    for module in ("preparing.preparation", "serving.endpoint", "exceptions"):
        monkeypatch.setattr(f"streams.{module}.uuid4", lambda: UUID(int=7))
    frozen = SimpleNamespace(time=lambda: 1_800_000_000.0)
    monkeypatch.setattr("streams.preparing.preparation.time", frozen)
