"""Another origin, with pages that tests put there."""

from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.browser.serving import running


class Elsewhere(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, tuple[str, str]] = {}
        """By path: the HTML, and its Content-Security-Policy."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def serve_pages() -> AbstractContextManager[Elsewhere]:
    return running(Elsewhere())


class _Handler(BaseHTTPRequestHandler):
    server: Elsewhere

    def do_GET(self) -> None:
        if self.path not in self.server.pages:
            self.send_error(404)
            return
        html, policy = self.server.pages[self.path]
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(html.encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
