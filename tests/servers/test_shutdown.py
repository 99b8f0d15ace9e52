"""A server that is told to stop does."""

import asyncio
import signal
import time
from urllib.parse import urlsplit

import pytest

from tests.processes import serve
from tests.servers.clients import Heard, RawClient, listen, new_client

ARGS = {"daphne": [], "uvicorn": ["--timeout-graceful-shutdown", "1"]}
"""Without its option uvicorn waits for open streams to end."""


@pytest.mark.parametrize("kind", ARGS)
def test_sigterm_ends_the_server_while_a_stream_plays(env, publish, report, kind, lane):
    """Within five seconds; the client sees its connection end."""
    path = publish("x" * 600, delay_ms=100)
    with (
        serve(kind, env=env | {"TESTS_LANE": lane}, args=ARGS[kind]) as server,
        RawClient(server.url) as client,
    ):
        client.start_run(path)
        client.read_until(b"data: x\n\n")
        told = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(5)
        report(f"SIGTERM to exit, {kind}", time.monotonic() - told)
        client.read_to_the_end()


TEXT = "Zwei 👩‍👩‍👧‍👦 und 今天天气 é, " * 8


@pytest.mark.parametrize("kind", ARGS)
async def test_200_streams_survive_a_restart(env, publish, report, kind, lane):
    """Each ends cleanly on SIGTERM, resumes on the next server, and is complete."""
    path = publish(TEXT, delay_ms=60)
    env = env | {"TESTS_DRAIN": "1", "TESTS_LANE": lane}
    async with new_client() as client:
        with serve(kind, env=env) as server:
            port = urlsplit(server.url).port
            url = server.url + path
            begun = [Heard(asked=time.monotonic()) for _ in range(200)]
            playing = [
                asyncio.ensure_future(listen(client, url, heard=heard))
                for heard in begun
            ]
            while not all(heard.events for heard in begun):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            told = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            # A body that ends without its last chunk would raise here.
            await asyncio.gather(*playing)
            await asyncio.to_thread(server.process.wait, 5)
            took = time.monotonic() - told
            report(f"SIGTERM to exit with 200 streams, {kind}", took)
            assert took < 4  # two on a machine that does nothing else
            assert "run " in server.log()
            assert "ended by the server's stop" in server.log()
        cut_short = [heard for heard in begun if heard.events[-1].event != "done"]
        assert len(cut_short) == 200
        with serve(kind, env=env, port=port):
            # All at once: how each came to its place is what is to be seen, not the wait.
            rest = f"{url}?delay_ms=0"
            rests = await asyncio.gather(
                *(
                    listen(client, rest, headers={"Last-Event-ID": heard.events[-1].id})
                    for heard in begun
                )
            )
    for heard, rest in zip(begun, rests, strict=True):
        *messages, done = heard.events + rest.events
        assert "".join(event.data for event in messages) == TEXT
        assert done.event == "done"
