"""A server that sends exactly these bytes as text/event-stream, and sse.js."""

import socket
from collections.abc import Sequence
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.browser.serving import running
from tests.processes import ROOT

STATIC = ROOT / "streams/static/streams"
MODULES = ("sse.js", "event-stream-parser.js")


class EventServer(ThreadingHTTPServer):
    """Answers `/<index>?…` with the stream's bodies, one a request, and then with 204.

    Each address counts its own requests; with `bytewise` in it, each byte is sent alone.
    """

    daemon_threads = True

    def __init__(self, streams: Sequence[Sequence[bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.streams = streams
        self.last_event_ids: dict[str, list[str | None]] = {}
        """What each address was asked with."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def serve_events(
    streams: Sequence[Sequence[bytes]],
) -> AbstractContextManager[EventServer]:
    return running(EventServer(streams))


class _Handler(BaseHTTPRequestHandler):
    server: EventServer

    def do_GET(self) -> None:
        name = urlsplit(self.path).path.lstrip("/")
        if name in MODULES:
            self.answer("text/javascript", (STATIC / name).read_bytes())
        elif not name:
            self.answer("text/html", b"<!doctype html><title>Events</title>")
        else:
            self.stream(self.server.streams[int(name)])

    def stream(self, bodies: Sequence[bytes]) -> None:
        asked = self.server.last_event_ids.setdefault(self.path, [])
        asked.append(self.headers.get("Last-Event-ID"))
        if len(asked) > len(bodies):
            self.send_response(204)
            self.end_headers()
            return
        body = bodies[len(asked) - 1]
        bytewise = "bytewise" in parse_qs(urlsplit(self.path).query)
        size = 1 if bytewise else len(body) or 1
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        parts = [body[at : at + size] for at in range(0, len(body), size)]
        self.answer("text/event-stream", *parts)

    def answer(self, media_type: str, *parts: bytes) -> None:
        # HTTP/1.0: the body ends with the connection.
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.end_headers()
        for part in parts:
            self.wfile.write(part)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
