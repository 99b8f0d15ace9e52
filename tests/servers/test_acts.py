"""What a stream does on purpose, as its clients get it from real servers."""

import time

import httpx
import pytest

from tests.processes import OTHER_COMMANDS
from tests.servers.clients import Heard, listen, new_client
from tests.servers.observation import settle, vitals, wait_for_end

TEXT = "Grüße, 世界!"
DROPPED = "Grü<!-- stream: drop -->ße, <!-- stream: drop -->世界!"


async def go_on(client, url, *, breaks=True) -> list[Heard]:
    """Read a stream as an EventSource does: connect again until it is done."""
    heard: list[Heard] = []
    while True:
        heard.append(Heard(asked=time.monotonic()))
        seen = [event.id for one in heard for event in one.events if event.id]
        headers = {"Last-Event-ID": seen[-1]} if seen else {}
        try:
            await listen(client, url, headers=headers, heard=heard[-1])
        except httpx.RemoteProtocolError as error:
            assert "incomplete chunked read" in str(error)
            assert breaks
        else:
            if heard[-1].outcome == "done":
                return heard
            assert not breaks


async def test_a_dropped_stream_breaks_and_goes_on_without_loss(
    server, kind, lane, client, publish
):
    path = publish(DROPPED, delay_ms=20)
    before = vitals(server)
    # Daphne closes nothing of its own accord: its ordinary lane ends the response.
    breaks = (kind, lane) != ("daphne", "ordinary")
    heard = await go_on(client, server.url + path, breaks=breaks)
    assert [one.text for one in heard] == ["Grü", "ße, ", "世界!"]
    outcomes = [wait_for_end(server, one.run_id).outcome for one in heard]
    assert outcomes == ["dropped on purpose", "dropped on purpose", "completed"]
    assert "Traceback" not in server.log()[-5000:]
    # What was cut is gone, and the server goes on clearing up.
    for _ in range(10):
        await go_on(client, server.url + path, breaks=breaks)
    settle(server, before)


@pytest.mark.parametrize("kind", OTHER_COMMANDS)
async def test_other_servers_cut_connections_too(any_server, kind, client, publish):
    server, path = any_server(kind), publish(DROPPED, delay_ms=20)
    heard = await go_on(client, server.url + path)
    assert [one.text for one in heard] == ["Grü", "ße, ", "世界!"]


async def test_the_halves_of_an_event_arrive_apart(server, client, publish):
    path = publish("a<!-- stream: split -->éb", delay_ms=200)
    parts, times = [], []
    async with client.stream("GET", server.url + path) as response:
        async for part in response.aiter_raw():
            parts.append(part)
            times.append(time.monotonic())
    at = next(i for i, part in enumerate(parts) if part.endswith(b"\xc3"))
    assert parts[at + 1] == b"\xa9\n\n"
    assert 0.03 < times[at + 1] - times[at] < 0.12


async def test_a_truncated_stream_is_a_whole_response(server, publish):
    path = publish("ab<!-- stream: truncate -->cd", delay_ms=20)
    async with new_client() as client:
        heard = await listen(client, server.url + path)
    assert [event.event for event in heard.events] == ["message", "message"]
    assert wait_for_end(server, heard.run_id).outcome == "truncated on purpose"
