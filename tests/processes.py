"""Processes beside the tests' own: real ASGI servers, and Django on their database."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import django
import httpx

ROOT = Path(__file__).resolve().parent.parent

COMMANDS = {
    "daphne": "daphne -b 127.0.0.1 -p {port}",
    # As it comes: on asyncio, with h11.
    "uvicorn": "uvicorn --loop asyncio --http h11 --host 127.0.0.1 --port {port}",
}
"""How the servers that we recommend are run; most take port 0 for any free one."""

OTHER_COMMANDS = {
    "uvloop": "uvicorn --loop uvloop --http httptools --host 127.0.0.1 --port {port}",
    # Without workers it serves in the process that gets the signals.
    "hypercorn": "hypercorn --workers 0 --bind 127.0.0.1:{port}",
    "granian": "granian --interface asgi --host 127.0.0.1 --port {port}",
}
"""Those that streams are only tried on."""

_LISTENING = re.compile(
    r"(?:TCP address |running on http://|listening at: http://)(127\.0\.0\.1:\d+)",
    re.IGNORECASE,
)

Answer = TypeVar("Answer")


class Server:
    """A running server; `serve` starts one."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.pid = process.pid
        self.url = ""
        """Without a slash at the end."""
        self._log = log

    def log(self) -> str:
        """Return all that the server has written so far."""
        return self._log.read_text(errors="replace")

    def wait_until_it_answers(self) -> None:
        """Set `url` once a request gets a response; whether good or bad, it is one."""

        def check() -> None:
            assert self.process.poll() is None, self._complaint("died")
            listening = _LISTENING.search(self.log())
            assert listening, self._complaint("does not listen")
            self.url = f"http://{listening[1]}"
            try:
                httpx.get(self.url, trust_env=False, timeout=5)
            except httpx.TransportError as error:
                raise AssertionError(self._complaint(f"gave {error!r}")) from None

        eventually(check, timeout=30)

    def stop(self) -> None:
        """End it, by force if it does not go, with every process it started."""
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(3)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def _complaint(self, what: str) -> str:
        command = " ".join(map(str, self.process.args[1:]))
        return f"{command} {what}. The end of its log:\n{self.log()[-3000:]}"


@contextmanager
def serve(
    kind: str,
    *,
    env: Mapping[str, str],
    app: str = "tests.asgi:application",
    workers: int = 1,
    port: int = 0,
    args: Sequence[str] = (),
) -> Iterator[Server]:
    """Run a server for as long as the context is open; port 0 is any free one."""
    if kind == "granian":
        # It logs the port that it was given, and 0 as that.
        port = port or free_port()
    words = {**COMMANDS, **OTHER_COMMANDS}[kind].format(port=port).split()
    command = [sys.executable, "-m", *words, *args, app]
    if workers > 1:
        command += ["--workers", str(workers)]
    with TemporaryDirectory(prefix="streams-server-") as folder:
        log = Path(folder, "log")
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        server = Server(process, log)
        try:
            server.wait_until_it_answers()
            yield server
        finally:
            server.stop()


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Project:
    """A database for servers, and one process that works on it with Django.

    The test process itself cannot: pytest-django gives it a database of its own.
    """

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.database = folder / "db.sqlite3"
        self.env = {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url or f"sqlite:///{self.database}",
        }
        self._process = ProcessPoolExecutor(
            1, get_context("spawn"), initializer=_begin, initargs=(self.env,)
        )

    def call(
        self, function: Callable[..., Answer], *args: object, **kwargs: object
    ) -> Answer:
        """Call a module's function in the process; its exceptions come back, too."""
        return self._process.submit(function, *args, **kwargs).result(60)

    def close(self) -> None:
        self._process.shutdown()


def _begin(env: Mapping[str, str]) -> None:
    os.environ.update(env)
    django.setup()
    # What needs the settings can be imported only now.
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            # Readers beside a writer; SQLite remembers it in the file.
            cursor.execute("PRAGMA journal_mode=WAL")


def eventually(
    check: Callable[[], Answer], *, timeout: float = 10, interval: float = 0.05
) -> Answer:
    """Return what `check` returns once it raises no AssertionError any more."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(interval)
