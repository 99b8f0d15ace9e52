"""Clients: one that notes when each event comes, one that misbehaves, and curl."""

import asyncio
import re
import shutil
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import httpx_sse

from tests.conftest import cannot_run

_RUN = re.compile(rb"x-stream-run: ([0-9a-f]{32})", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class Heard:
    """One stream as a client got it; times are of the monotonic clock."""

    asked: float
    answered: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    events: list[httpx_sse.ServerSentEvent] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """When each event was there."""

    @property
    def run_id(self) -> str:
        return self.headers["x-stream-run"]

    @property
    def text(self) -> str:
        return "".join(e.data for e in self.events if e.event == "message")

    @property
    def chunk_times(self) -> list[float]:
        """When each event with text was there."""
        pairs = zip(self.events, self.times, strict=True)
        return [at for event, at in pairs if event.event == "message"]

    @property
    def outcome(self) -> str:
        """Name the last event: `done`, unless something went wrong."""
        return self.events[-1].event


def new_client() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx.AsyncClient(trust_env=False, timeout=30, limits=limits)


async def listen(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    heard: Heard | None = None,
) -> Heard:
    """Read a stream to its end; `heard` lets a test watch meanwhile."""
    heard = heard or Heard(asked=time.monotonic())
    async with client.stream("GET", url, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        heard.answered = time.monotonic()
        heard.headers = response.headers
        async for event in httpx_sse.EventSource(response).aiter_sse():
            heard.times.append(time.monotonic())
            heard.events.append(event)
    return heard


async def curl(*arguments: str) -> tuple[bytes, list[float]]:
    """Run `curl -N`; return its output, and when it wrote each part of it."""
    if not shutil.which("curl"):
        cannot_run("curl is not installed")
    process = await asyncio.create_subprocess_exec(
        *("curl", "--no-buffer", "--silent", "--show-error"),
        *("--noproxy", "*", "--max-time", "30", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    parts, times = [], []
    while part := await process.stdout.read(65536):
        parts.append(part)
        times.append(time.monotonic())
    assert await process.wait() == 0
    return b"".join(parts), times


class RawClient:
    """A socket that asks and then reads, leaves or lingers as the test wants."""

    def __init__(self, url: str, *, receive_buffer: int | None = None) -> None:
        address = urlsplit(url)
        self._socket = socket.socket()
        self._socket.settimeout(20)
        if receive_buffer:
            size = receive_buffer
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        self._socket.connect((address.hostname, address.port))
        self._read = bytearray()

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def ask(self, path: str, *, method: str = "GET") -> None:
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())

    def read_until(self, ending: bytes) -> bytes:
        """Return what comes, up to and including `ending`; keep the rest."""
        while ending not in self._read:
            part = self._socket.recv(1024)
            assert part, f"the server closed after {bytes(self._read)!r}"
            self._read += part
        end = self._read.index(ending) + len(ending)
        found = bytes(self._read[:end])
        del self._read[:end]
        return found

    def read_to_the_end(self) -> None:
        """Read until the server closes, or breaks off."""
        with suppress(ConnectionResetError):
            while self._socket.recv(65536):
                pass

    def start_run(self, path: str) -> str:
        """Ask for a stream, and return its run's id once the response begins."""
        self.ask(path)
        head = self.read_until(b"\r\n\r\n")
        assert b" 200 " in head.partition(b"\r\n")[0], head
        return _RUN.search(head)[1].decode()

    def leave(self, *, reset: bool = False) -> float:
        """Close with FIN, or with RST; return the time (of the epoch) before that."""
        if reset:
            no_linger = struct.pack("ii", 1, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        left = time.time()
        self._socket.close()
        return left
