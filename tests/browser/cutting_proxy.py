"""A TCP proxy that breaks connections off where a test wants it."""

import re
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from tests.processes import Server

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_NO_LINGER = struct.pack("ii", 1, 0)


class CuttingProxy(ThreadingTCPServer):
    """Passes HTTP on; `?run=<any>&cuts=e12,b500` cuts that run's first two connections.

    The first after 12 events, the second after 500 bytes of the response, its head
    included; each with a reset. What comes after the last cut goes through.
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


@contextmanager
def cut_connections(server: Server) -> Iterator[CuttingProxy]:
    with CuttingProxy(server) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


class _Handler(StreamRequestHandler):
    server: CuttingProxy

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return  # Chromium opens connections that it may need, and closes them.
            head += line
        length = _LENGTH.search(head)
        body = self.rfile.read(int(length[1])) if length else b""
        # One request a connection, so that each has its own cut.
        head = head.replace(b"Connection: keep-alive", b"Connection: close")
        target = head.split(b" ", 2)[1].decode()
        with socket.create_connection(self.server.upstream) as upstream:
            upstream.sendall(head + body)
            # The browser may be gone.
            with suppress(OSError):
                self.answer(upstream, target)

    def answer(self, upstream: socket.socket, target: str) -> None:
        query = parse_qs(urlsplit(target).query)
        run = query.get("run", [""])[0]
        cuts = query.get("cuts", [""])[0].split(",")
        nth = self.server.connections[run]
        self.server.connections[run] += 1
        cut = cuts[nth] if nth < len(cuts) else ""
        response = b""
        while part := upstream.recv(65536):
            sent = len(response)
            response += part
            end = find_cut(response, cut)
            self.connection.sendall(response[sent:end])
            if end is not None:
                self.server.cut[run] += 1
                self.reset()
                return

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        # The socket stays open while a file of it is.
        self.rfile.close()
        self.connection.close()


def find_cut(response: bytes, cut: str) -> int | None:
    """Return where in the response the cut is, if it came that far."""
    if not cut:
        return None
    kind, number = cut[0], int(cut[1:])
    if kind == "b":
        return number if len(response) >= number else None
    ends = [match.end() for match in re.finditer(b"\n\n", response)]
    return ends[number - 1] if len(ends) >= number else None
