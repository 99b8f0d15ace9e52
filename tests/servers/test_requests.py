"""Requests that are not for a stream, on connections that go on."""

import httpx
import pytest

from tests.oracles import spoken
from tests.servers.clients import RawClient


@pytest.fixture
def path(publish):
    return publish("Hello", delay_ms=0)


@pytest.fixture
def browser(server):
    """A client that keeps its connection."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        yield client


def test_head_answers_at_once_and_the_connection_goes_on(server, publish):
    """The stream's headers, no body, and then the answer to the next request."""
    path = publish("Hello", ttft_ms=60_000)
    with RawClient(server.url) as client:
        client.ask(path, method="HEAD")
        head = client.read_until(b"\r\n\r\n").lower()
        assert head.startswith(b"http/1.1 200 ")
        assert b"\r\ncontent-type: text/event-stream; charset=utf-8\r\n" in head
        assert b"\r\nx-stream-run: " in head
        client.ask(f"{path}?ttft_ms=0")
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        assert client.read_until(b"data: H\n\n")


def test_head_says_what_get_says(browser, path):
    """All that differs is what differs from run to run, and how a body is framed."""
    own = {"x-stream-run", "x-stream-seed", "date"}
    framing = {"transfer-encoding", "connection", "keep-alive"}
    head, get = browser.head(path), browser.get(path)
    assert head.content == b""
    shown = [
        {n: v for n, v in answer.headers.items() if n not in own | framing}
        for answer in (head, get)
    ]
    assert shown[0] == shown[1]


def test_options_tells_the_methods(browser, path):
    answer = browser.options(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    # RFC 9110, section 8.6: a 204 has no length.
    assert "content-length" not in answer.headers
    assert "content-type" not in answer.headers
    assert spoken(browser.get(path).content) == "Hello"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(browser, path, method):
    """405 as problem details, with the methods that are allowed."""
    answer = browser.request(method, path, content=b"{}")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "method_not_allowed"
    assert spoken(browser.get(path).content) == "Hello"


def test_a_body_of_10_megabytes_is_refused_and_the_server_goes_on(browser, path):
    """413 as problem details; the same connection then plays a stream."""
    answer = browser.post(
        path,
        content=b'{"prompt": "' + b"x" * 10_000_000 + b'"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "body_too_large"
    assert spoken(browser.post(path).content) == "Hello"
