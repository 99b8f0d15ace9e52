"""One stack's process, fresh, on a core of its own."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.machine import Cores, Footprint, footprint, process_tree
from bench.stacks import ROOT, Stack

PATIENCE = 60
"""Seconds for a server to start."""


class Server:
    def __init__(
        self,
        stack: Stack,
        process: "subprocess.Popen[bytes]",
        port: int,
        folder: Path,
    ) -> None:
        self.stack = stack
        self.pid = process.pid
        self.port = port
        self.process = process
        self._folder = folder

    def footprint(self) -> Footprint:
        return footprint(process_tree(self.pid), self._folder / "db.sqlite3")

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = (self._folder / "log").read_text(errors="replace")
                raise RuntimeError(f"{self.stack.name} does not answer:\n{log[-3000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        asked = {"model": "short", "stream": True, "messages": [_MESSAGE]}
        body = json.dumps(asked, separators=(",", ":"))
        headers = {"Content-Type": "application/json"}
        try:
            connection.request("POST", self.stack.path, body, headers)
            response = connection.getresponse()
            response.read()
            return response.status == 200
        except OSError:
            return False
        finally:
            connection.close()


_MESSAGE = {"role": "user", "content": "Tell me a story."}


@contextmanager
def serve(
    stack: Stack,
    *,
    cores: Cores,
    database: Path,
    filled_in: Mapping[str, str],
    args: Sequence[str] = (),
) -> Iterator[Server]:
    """Run a stack for as long as the context is open, with a copy of the database."""
    port = _free_port()
    command = [part.format(port=port, **filled_in) for part in (*stack.command, *args)]
    with TemporaryDirectory(prefix="streams-bench-") as name:
        folder = Path(name)
        shutil.copy(database, folder / "db.sqlite3")
        own = {"BENCH_DATABASE": str(folder / "db.sqlite3"), "PYTHONPATH": str(ROOT)}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **own, **stack.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Before the program starts threads, which inherit it.
                preexec_fn=lambda: os.sched_setaffinity(0, cores.server),
            )
        server = Server(stack, process, port, folder)
        try:
            server.wait_until_it_answers()
            yield server
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Kill it with all its workers: with streams open, some servers wait for ever."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def create_database(folder: Path) -> Path:
    """Make the database that servers get copies of."""
    path = folder / "db.sqlite3"
    subprocess.run(
        [sys.executable, "-m", "bench.site"],
        cwd=ROOT,
        env={**os.environ, "BENCH_DATABASE": str(path), "PYTHONPATH": str(ROOT)},
        check=True,
    )
    return path
