"""Streams over WebSockets, on real servers, with the `websockets` client."""

import asyncio
import json
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.servers.clients import new_client
from tests.servers.observation import wait_for_end
from tests.texts import NASTY

TEXT = "".join(NASTY[:-1]) + "\n\u2028\x85\x0b</script> end"


@pytest.fixture
def socket(server):
    """Return a function that opens a socket on a stream."""

    def open_socket(path, origin=None, **options):
        slug = path.split("/")[2]
        url = server.url.replace("http", "ws") + f"/ws/streams/{slug}/"
        return connect(url, origin=origin or server.url, proxy=None, **options)

    return open_socket


async def hear(ws, until=("done",)):
    """Return the frames up to one of those events."""
    frames = []
    while not frames or frames[-1]["event"] not in until:
        frames.append(json.loads(await asyncio.wait_for(ws.recv(), 20)))
    return frames


def said(frames):
    return "".join(frame["data"] for frame in frames if frame["event"] == "message")


async def tell(ws, **message):
    await ws.send(json.dumps(message))


async def test_it_gets_the_events_that_http_gets(server, socket, publish):
    path = publish(TEXT, delay_ms=0)
    async with socket(path) as ws:
        await tell(ws, action="start")
        opening, *frames = await hear(ws)
    assert (opening["event"], opening["retry"]) == ("open", 3000)
    assert said(frames) == TEXT
    async with new_client() as client:
        body = (await client.get(server.url + path)).text
    ids = [line[4:] for line in body.split("\n") if line.startswith("id: ")]
    assert [frame["id"] for frame in frames] == ids


async def test_a_stream_can_be_held_hurried_and_stopped(server, socket, publish):
    path = publish("x" * 400, delay_ms=50)
    async with socket(path) as ws:
        await tell(ws, action="start")
        [opening] = await hear(ws, until=("open",))
        for _ in range(3):
            await ws.recv()
        await tell(ws, action="hold")
        # What was on its way may still come; then nothing does.
        with pytest.raises(TimeoutError):
            for _ in range(20):
                await asyncio.wait_for(ws.recv(), 0.5)
        await tell(ws, action="release")
        await asyncio.wait_for(ws.recv(), 5)
        await tell(ws, action="speed", speed=10)
        started = time.monotonic()
        for _ in range(100):
            await ws.recv()
        assert time.monotonic() - started < 4  # five seconds at normal speed
        await tell(ws, action="stop")
        assert (await hear(ws, until=("stopped",)))[-1] == {"event": "stopped"}
        assert wait_for_end(server, opening["run"]).outcome == "stopped"
        await tell(ws, action="start", delay_ms=0)
        assert said(await hear(ws)) == "x" * 400


async def test_a_socket_is_stepped_and_dropped_and_resumes(server, socket, publish):
    path = publish("abcdef", delay_ms=60_000)
    async with socket(path) as ws:
        await tell(ws, action="start")
        [opening] = await hear(ws, until=("open",))
        await tell(ws, action="hold")
        await tell(ws, action="step", steps=1)
        frames = [json.loads(await asyncio.wait_for(ws.recv(), 5)) for _ in range(2)]
        assert said(frames) == "ab"
        await tell(ws, action="drop")
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(ws.recv(), 5)
        assert ws.close_code == 4503
    assert wait_for_end(server, opening["run"]).outcome == "dropped on purpose"
    async with socket(path) as ws:
        last = frames[-1]["id"]
        await tell(ws, action="start", last_event_id=last, delay_ms=0)
        assert said(await hear(ws)) == "cdef"


async def test_a_socket_cut_after_any_event_resumes_where_it_was(socket, publish):
    path = publish(TEXT, delay_ms=0)
    async with socket(path) as ws:
        await tell(ws, action="start")
        whole = (await hear(ws))[1:]
    for sent in range(1, len(whole)):
        async with socket(path) as ws:
            await tell(ws, action="start", last_event_id=whole[sent - 1]["id"])
            assert (await hear(ws))[1:] == whole[sent:]


async def test_a_client_that_has_seen_the_end_is_told_so(socket, publish):
    path = publish("ab", delay_ms=0)
    async with socket(path) as ws:
        await tell(ws, action="start")
        done = (await hear(ws))[-1]
        await tell(ws, action="start", last_event_id=done["id"])
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(ws.recv(), 5)
        assert ws.close_code == 4204


async def test_a_client_that_leaves_ends_its_run(server, socket, publish):
    path = publish("x" * 100, delay_ms=100)
    async with socket(path) as ws:
        await tell(ws, action="start")
        [opening] = await hear(ws, until=("open",))
        await ws.recv()
    assert wait_for_end(server, opening["run"]).outcome == "cut"


@pytest.mark.parametrize(
    ("message", "code", "said_back"),
    [
        ("hello", 400, 'Send JSON objects, such as {"action": "start"}.'),
        ("[1]", 400, 'Send JSON objects, such as {"action": "start"}.'),
        (
            '{"action": "jump"}',
            400,
            'There is no action "jump". Known: start, stop, hold, release, step, drop,'
            " speed.",
        ),
        ('{"action": "step"}', 400, 'Nothing plays: send {"action": "start"} first.'),
        (
            '{"action": "start", "chunk_size": 0}',
            400,
            "`chunk_size=0` is out of range: give a whole number from 1 to 10000.",
        ),
        (
            '{"action": "start", "speed": 50}',
            400,
            "`speed=50` is above this stream's limit 10.",
        ),
        (
            '{"action": "start", "prompt": []}',
            400,
            "`prompt` must be a string or a number.",
        ),
    ],
)
async def test_bad_messages_are_answered_and_the_socket_stays(
    socket, publish, message, code, said_back
):
    path = publish("ab", delay_ms=0)
    async with socket(path) as ws:
        await ws.send(message)
        answer = json.loads(await asyncio.wait_for(ws.recv(), 5))
        assert (answer["event"], answer["code"], answer["message"]) == (
            "error",
            code,
            said_back,
        )
        await tell(ws, action="start")
        assert said(await hear(ws)) == "ab"


async def test_what_cannot_be_played_over_http_cannot_be_here(socket, publish):
    path = publish("secret", delay_ms=0, published=False)
    async with socket(path) as ws:
        await tell(ws, action="start")
        answer = json.loads(await asyncio.wait_for(ws.recv(), 5))
    assert (answer["event"], answer["code"]) == ("error", 404)


async def test_a_page_of_another_site_is_refused(socket, publish):
    path = publish("ab", delay_ms=0)
    with pytest.raises(InvalidStatus) as caught:
        async with socket(path, origin="https://elsewhere.example"):
            pass
    assert caught.value.response.status_code == 403
