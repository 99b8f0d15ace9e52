"""A server in a process of its own. Standard library only."""

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

STARTS_WITHIN = 30.0
"""Seconds that a server has to start."""

_URL = re.compile(r"http://\S+")


class StreamServerError(Exception):
    """The server does not do what a test asked of it; says why."""


@contextmanager
def run_server(folder: str, token: str) -> Iterator[str]:
    """Run a server for as long as the context is open, and return its URL."""
    # Nothing of the project's own folder (-P), which may well have a `channels`.
    command = [sys.executable, "-P", "-m", "streams", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, *([folder] if folder else [])],
        env={**_inherited(), "STREAMS_TOKEN": token, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None
    output = _Output(process.stdout)
    try:
        yield output.wait_for_url()
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        output.close()


def _inherited() -> dict[str, str]:
    """Return the environment, less what is for the tests' own Django."""
    return {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}


class _Output:
    """What a server prints, read so that it never waits for a reader."""

    def __init__(self, output: IO[str]) -> None:
        self._output = output
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._last: deque[str] = deque(maxlen=50)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for_url(self) -> str:
        deadline = time.monotonic() + STARTS_WITHIN
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            if found := _URL.search(line):
                return found[0]
        said = "".join(self._last).strip() or "nothing"
        raise StreamServerError(f"The stream server did not start; it said: {said}")

    def close(self) -> None:
        self._reader.join(5)
        self._output.close()

    def _read(self) -> None:
        for line in self._output:
            self._last.append(line)
            self._lines.put(line)
        self._lines.put(None)
