"""A server that is told to stop does."""

import signal
import time

import pytest

from tests.processes import serve
from tests.servers.clients import RawClient

ARGS = {"daphne": [], "uvicorn": ["--timeout-graceful-shutdown", "1"]}
"""Without its option uvicorn waits for open streams to end."""


@pytest.mark.parametrize("kind", ARGS)
def test_sigterm_ends_the_server_while_a_stream_plays(env, publish, report, kind):
    """Within five seconds; the client sees its connection end."""
    path = publish("x" * 600, delay_ms=100)
    with (
        serve(kind, env=env, args=ARGS[kind]) as server,
        RawClient(server.url) as client,
    ):
        client.start_run(path)
        client.read_until(b"data: x\n\n")
        told = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(5)
        report(f"SIGTERM to exit, {kind}", time.monotonic() - told)
        client.read_to_the_end()
