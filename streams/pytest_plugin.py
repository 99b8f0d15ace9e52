"""Fixtures for those who test a chat product: streams that behave on command.

    def test_retries(make_stream):
        stream = make_stream("Hello from the script", delay_ms=10)
        assert ask(prompt="Hi") == "Hello from the script"
        assert [call.prompt for call in stream.calls] == ["Hi"]

It needs neither Django in your project nor settings: the server is a process of its
own. What it takes is in the extra `serve`.
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from streams.standalone.client import ScriptedStream, StreamServer

__all__ = ["ScriptedStream", "StreamServer", "make_stream", "stream_server"]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Bring in the classes for whoever names them: each pytest loads this file."""
        if name not in ("ScriptedStream", "StreamServer"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from streams.standalone import client

        return getattr(client, name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "streams_folder",
        "a folder of scripts and streams that `stream_server` serves, too",
        default="",
    )


@pytest.fixture(scope="session")
def stream_server(request: pytest.FixtureRequest) -> Iterator["StreamServer"]:
    """A real server on a free port, for the whole session.

    While it runs, OPENAI_BASE_URL, ANTHROPIC_BASE_URL and their like point at it, with
    keys where there are none, so that SDKs which are made in a test ask here.
    """
    from streams.standalone.client import StreamServer

    folder = str(request.config.getini("streams_folder"))
    path = str(request.config.rootpath / folder) if folder else ""
    with StreamServer.start(path) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            # Whatever a key is, a program may check it before it asks.
            if not (name.endswith("_KEY") and os.environ.get(name)):
                patch.setenv(name, value)
        yield server


@pytest.fixture
def make_stream(
    stream_server: "StreamServer", request: pytest.FixtureRequest
) -> Iterator["Callable[..., ScriptedStream]"]:
    """Make streams that are gone after the test: `make_stream(text, **settings)`.

    The text is a script, directions included. Settings are those of a stream's file:
    `delay_ms`, `unit`, `chunk_size`, `ttft_ms`, `seed`, …, `faults` and `rules`;
    `fault="drop:3"` is short for one, `slug` names it. The stream made last answers
    whatever model is asked for that is no stream's slug.
    """
    made: list[ScriptedStream] = []
    stem = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:60]

    def make(text: str, *, slug: str = "", **settings: Any) -> "ScriptedStream":
        slug = slug or f"{stem or 'test'}-{uuid4().hex[:8]}"
        stream = stream_server.make(slug, text, settings)
        made.append(stream)
        return stream

    yield make
    for stream in made:
        stream.delete()
