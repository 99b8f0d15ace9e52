"""A server in a process of its own, and its streams, as a test sees them."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from streams.standalone.process import StreamServerError, run_server

__all__ = ["Call", "ScriptedStream", "StreamServer", "StreamServerError"]

# A proxy of the environment has no business between a test and its own machine.
_opener = build_opener(ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class Call:
    """Somebody asked for a stream."""

    run: str
    """32 hexadecimal digits, as in the header X-Stream-Run."""
    format: str
    transport: str
    """`http`, `websocket`, or `whole` where nothing was streamed."""
    prompt: str
    messages: list[dict[str, str]]
    system: str
    model: str
    params: Mapping[str, Any]
    """All else that was sent."""
    session: str
    script: str
    rule: str
    """What chose the script."""
    faults: list[str]
    """What was injected."""
    seed: int
    position: int
    """Where it went on; 0 for the beginning."""
    outcome: str
    """How it ended: `completed`, `cut`, …; empty while it plays."""
    steps: int
    """Sent so far."""
    planned: int
    """Steps in all."""
    bytes: int
    lateness: float
    """The worst, in seconds."""


class StreamServer:
    """A server on a free port."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        """Without a slash at the end."""
        self._token = token

    @classmethod
    @contextmanager
    def start(cls, folder: str = "") -> Iterator["StreamServer"]:
        """Run a server for as long as the context is open."""
        token = secrets.token_urlsafe()
        with run_server(folder, token) as url:
            yield cls(url, token)

    @property
    def openai_base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """What makes SDKs ask here, by their own environment variables."""
        key = "not-needed"
        return {
            "OPENAI_BASE_URL": self.openai_base_url,
            "OPENAI_API_KEY": key,
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": key,
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "GEMINI_API_KEY": key,
            "OLLAMA_HOST": self.url,
        }

    def make(
        self, slug: str, text: str, settings: Mapping[str, Any] | None = None
    ) -> "ScriptedStream":
        """Make a stream, or change the one at this slug."""
        self.ask("PUT", slug, {"text": text, **(settings or {})})
        return ScriptedStream(server=self, slug=slug)

    def stream(self, slug: str) -> "ScriptedStream":
        """Return a stream that is there already, such as one of the folder's."""
        return ScriptedStream(server=self, slug=slug)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask what only tests may; raise StreamServerError with what it says."""
        request = Request(
            f"{self.url}/-/streams/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            },
        )
        try:
            with _opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except HTTPError as error:
            said = error.read().decode("utf-8", "replace")
            try:
                said = json.loads(said)["error"]
            except (ValueError, KeyError):
                said = f"{method} {path}: {error.code} {said[:500]}"
            raise StreamServerError(said) from None


@dataclass(frozen=True, kw_only=True)
class ScriptedStream:
    """A stream, and what plays of it."""

    server: StreamServer = field(repr=False)
    slug: str

    @property
    def model(self) -> str:
        """What SDKs call it."""
        return self.slug

    @property
    def url(self) -> str:
        """For EventSource and fetch."""
        return f"{self.server.url}/streams/{self.slug}/events"

    @property
    def websocket_url(self) -> str:
        return f"ws{self.server.url.removeprefix('http')}/ws/streams/{self.slug}/"

    @property
    def calls(self) -> list[Call]:
        """What was asked, in order."""
        said = self.server.ask("GET", self.slug)["calls"]
        return [Call(**one) for one in said]

    @property
    def runs(self) -> list[dict[str, Any]]:
        """What plays now, with its state: `playing` or `held`, `steps`, `position`."""
        runs: list[dict[str, Any]] = self._tell("state")
        return runs

    def edit(self, text: str, **settings: Any) -> None:
        """Change script and settings; what plays goes on as it was."""
        self.server.make(self.slug, text, settings)

    def hold_after(self, chunks: int | None) -> None:
        """Let every run stand still after so many chunks; None: none any more.

        Runs that are there already as well, unless they are past it.
        """
        self._tell("hold", after=chunks)

    def hold(self) -> None:
        """Let what plays stand still."""
        self._tell_some("hold")

    def release(self) -> None:
        """Let what stands still go on."""
        self._tell_some("release")

    def step(self, chunks: int = 1) -> None:
        """Let what stands still go on for so many chunks."""
        self._tell_some("step", steps=chunks)

    def stop(self) -> None:
        """End what plays, in its format's own way."""
        self._tell_some("stop")

    def drop(self) -> None:
        """Cut the connections of what plays."""
        self._tell_some("drop")

    def wait_until_held(self, timeout: float = 10.0) -> None:
        """Wait until something plays, and all of it stands still."""
        _eventually(self._check_held, timeout)

    def assert_complete(self, timeout: float = 10.0) -> None:
        """Check that the last call was answered to its end, once it has ended."""
        _eventually(self._check_complete, timeout)

    def delete(self) -> None:
        self.server.ask("DELETE", self.slug)

    def _check_held(self) -> None:
        runs = self.runs
        assert runs, f"nothing plays of {self.slug}"
        for run in runs:
            held = run["state"] == "held"
            assert held, (
                f"{_so_far(run['steps'], run['of'])} were sent, and it plays on"
            )

    def _check_complete(self) -> None:
        calls = self.calls
        assert calls, f"nobody asked for {self.slug}"
        last = calls[-1]
        seen = f"{_so_far(last.steps, last.planned)} were sent (seed {last.seed})"
        assert last.outcome, f"it plays still: {seen}"
        why = f" ({'; '.join(last.faults)})" if last.faults else ""
        assert last.outcome == "completed", f"{last.outcome}{why}: {seen}"

    def _tell_some(self, action: str, **fields: Any) -> None:
        if not self._tell(action, **fields):
            raise StreamServerError(
                f"Nothing plays of {self.slug} that could {action}: has anybody asked"
                f" for it yet, or was it over? Calls so far: {len(self.calls)}."
            )

    def _tell(self, action: str, **fields: Any) -> Any:
        return self.server.ask("POST", f"{self.slug}/{action}", fields)["runs"]


def _so_far(sent: int, planned: int) -> str:
    return f"{sent} of {planned} steps"


def _eventually(check: Callable[[], None], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            check()
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)
