"""A TCP proxy that breaks connections off where a test wants it."""

import re
import select
import socket
import struct
import time
from collections import Counter
from contextlib import AbstractContextManager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import parse_qs, urlsplit

from tests.browser.serving import running
from tests.processes import Server

# What an event ends with: a blank line, or in a WebSocket's frame of JSON its data.
_END = re.compile(rb'\n\n|"data":"(?:[^"\\]|\\.)*"\}')
# Compressed, a WebSocket's frames would not show where they end.
_EXTENSIONS = re.compile(rb"\r\nsec-websocket-extensions:[^\r]*", re.IGNORECASE)
_NO_LINGER = struct.pack("ii", 1, 0)
_TAKING_S = 0.05
"""About how long a browser takes to hand what came to its page."""


class CuttingProxy(ThreadingTCPServer):
    """Passes bytes on; `?run=<any>&cuts=e12,b500` cuts that run's first two connections.

    The first after 12 events, as soon as the page has had the time to take them; the
    second right after 500 bytes of the response, its head included, of which the page
    may never see the last. Each is cut with a reset. What comes after the last cut goes
    through. For HTTP and WebSockets.
    """

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, server: Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        address = urlsplit(server.url)
        self.upstream = (address.hostname, address.port)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.connections: Counter[str] = Counter()
        """By run, how many there were."""
        self.cut: Counter[str] = Counter()
        """By run, how many of them were cut."""


def cut_connections(server: Server) -> AbstractContextManager[CuttingProxy]:
    return running(CuttingProxy(server))


class _Handler(BaseRequestHandler):
    server: CuttingProxy
    request: socket.socket

    def handle(self) -> None:
        # The browser may leave at any time.
        with suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                part = self.request.recv(65536)
                if not part:
                    return  # Chromium opens connections that it then does not need.
                head += part
            # One request a connection, so that each has its own cut.
            head = head.replace(b"Connection: keep-alive", b"Connection: close")
            target = head.split(b" ", 2)[1].decode()
            with socket.create_connection(self.server.upstream) as upstream:
                upstream.sendall(_EXTENSIONS.sub(b"", head))
                self.pass_on(upstream, parse_qs(urlsplit(target).query))

    def pass_on(self, upstream: socket.socket, query: dict[str, list[str]]) -> None:
        """Pass on what either side sends, until one of them leaves or the cut comes."""
        [run], [cuts] = query.get("run", [""]), query.get("cuts", [""])
        cut = (cuts.split(",")[self.server.connections[run] :] or [""])[0]
        self.server.connections[run] += 1
        response = b""
        while True:
            # One thread for both: a socket that another thread waits for in `recv` is
            # not reset by closing it, since the system keeps it until `recv` returns.
            readable, _, _ = select.select([self.request, upstream], [], [])
            for one in readable:
                part = one.recv(65536)
                if not part:
                    return
                if one is self.request:
                    upstream.sendall(part)
                    continue
                sent = len(response)
                response += part
                end = find_cut(response, cut)
                self.request.sendall(response[sent:end])
                if end is not None:
                    self.server.cut[run] += 1
                    if cut.startswith("e"):
                        time.sleep(_TAKING_S)
                    self.reset()
                    return

    def reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.request.close()


def find_cut(response: bytes, cut: str) -> int | None:
    """Return where in the response the cut is, if it came that far."""
    if not cut:
        return None
    kind, number = cut[0], int(cut[1:])
    if kind == "b":
        return number if len(response) >= number else None
    ends = [match.end() for match in _END.finditer(response)]
    return ends[number - 1] if len(ends) >= number else None
