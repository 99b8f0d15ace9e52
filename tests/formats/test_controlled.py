"""Runs that somebody holds, steps, stops and drops while a lane plays them: at once."""

import asyncio
import time
from contextlib import aclosing

import pytest

from streams.playing.pushing import Pusher
from streams.playing.scheduler import TICK
from streams.playing.shutdown import clock
from tests.formats.test_pushing import Sink, begin, new_run, stopped_time
from tests.oracles import spoken


class Ordinary:
    """Plays a run as a response on the ordinary lane does."""

    def __init__(self, run, sink):
        self.run, self.sink = run, sink
        self.task = asyncio.create_task(self._play())

    async def _play(self):
        run = self.run
        message = {"type": "http.response.body", "more_body": True}
        async with aclosing(run.frames()) as frames:
            async for frame in frames:
                await self.sink(message | {"body": frame})
        if not run.dropped:
            await self.sink(message | {"body": b"", "more_body": False})

    async def ended(self):
        await self.task

    def leave(self):
        self.task.cancel()


class Direct:
    def __init__(self, run, sink):
        self.pusher: Pusher
        self.pusher, self._ended = begin(run, sink)

    async def ended(self):
        await self._ended.wait()

    def leave(self):
        self.pusher.cut()


@pytest.fixture(params=[Ordinary, Direct])
def lane(request):
    return request.param


@pytest.fixture
def play():
    with stopped_time() as run:
        yield lambda function: run(function())


def texts(sink, since):
    """Return what came when, in seconds since a moment."""
    pairs = zip(sink.times, sink.messages, strict=True)
    said = [(at - since, spoken(message["body"])) for at, message in pairs]
    return [(at, text) for at, text in said if text]


def close(found, expected):
    assert [text for _, text in found] == [text for _, text in expected]
    for (at, _), (due, _) in zip(found, expected, strict=True):
        assert -1e-6 <= at - due <= 2 * TICK


def test_a_held_stream_goes_on_where_it_stood(play, lane):
    async def test():
        sink, run, started = Sink(), new_run("abcd", heartbeat=4, delay=1), now()
        playing = lane(run, sink)
        await asyncio.sleep(1.5)
        run.hold()
        await asyncio.sleep(10)
        beats = [message["body"] for message in sink.messages]
        assert beats.count(b": heartbeat\n") == 2
        run.release()
        await playing.ended()
        # `c` was half a second away, and is so again.
        close(texts(sink, started), [(0, "a"), (1, "b"), (12, "c"), (13, "d")])
        assert sink.complete
        assert run.tally.outcome == "completed"

    play(test)


def now():
    return time.monotonic()


def test_it_is_released_and_stepped_at_once(play, lane):
    """Though the next thing it waits for is minutes away."""

    async def test():
        sink, run, started = Sink(), new_run("abcd", delay=200), now()
        playing = lane(run, sink)
        run.hold_after(1)
        await asyncio.sleep(10)
        assert run.held
        run.step()
        await asyncio.sleep(1)
        run.set_speed(100)
        run.release()
        await playing.ended()
        close(texts(sink, started), [(0, "a"), (10, "b"), (13, "c"), (15, "d")])

    play(test)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("how", ["stop", "drop"])
def test_it_ends_at_once(play, lane, how, held):
    async def test():
        sink, run = Sink(), new_run("abcd", delay=200)
        playing, started = lane(run, sink), now()
        await asyncio.sleep(3)
        if held:
            run.hold()
            await asyncio.sleep(1)
        asked = now()
        getattr(run, how)()
        await playing.ended()
        assert now() - asked <= 2 * TICK
        assert now() - started < 5
        assert spoken(sink.body) == "a"
        assert sink.complete == (how == "stop")
        assert (b"stopped on request" in sink.body) == (how == "stop")
        outcome = {"stop": "stopped", "drop": "dropped on purpose"}[how]
        assert run.tally.outcome == outcome

    play(test)


@pytest.mark.parametrize("state", ["held", "stalled", "divided"])
def test_a_client_that_leaves_meanwhile_ends_it(play, lane, state):
    words = {"held": "hold", "stalled": "stall 99s", "divided": "split"}[state]

    async def test():
        sink = Sink()
        run = new_run(f"a<!-- stream: {words} -->éb", heartbeat=500, delay=0.5)
        playing = lane(run, sink)
        await asyncio.sleep(0.52)
        assert run.held == (state == "held")
        sent = len(sink.messages)
        playing.leave()
        await asyncio.sleep(300)
        assert len(sink.messages) == sent
        assert run.tally.outcome == "cut"
        for late in (run.release, run.hold, run.step, run.drop, run.stop):
            late()
        await asyncio.sleep(300)
        assert len(sink.messages) == sent

    play(test)


@pytest.mark.parametrize("words", ["hold", "stall 99s"])
def test_the_servers_stop_ends_it(play, lane, words):
    async def test():
        sink = Sink()
        run = new_run(f"a<!-- stream: {words} -->b", delay=0.5)
        playing = lane(run, sink)
        await asyncio.sleep(3)
        clock.stop()
        await playing.ended()
        assert sink.complete
        assert b"\nretry: 500\n" in sink.body
        assert run.tally.outcome == "ended by the server's stop"

    play(test)


def test_a_hold_ends_by_its_limit(play, lane, settings):
    settings.STREAMS = {"MAX_HOLD_S": 60}

    async def test():
        sink, run = Sink(), new_run("a<!-- stream: hold -->b", delay=0.5)
        started = now()
        await lane(run, sink).ended()
        assert 60 <= now() - started < 60.01
        assert sink.complete
        assert run.tally.outcome == "hold ended"

    play(test)


def test_the_halves_of_an_event_are_two_writes(play, lane):
    async def test():
        sink = Sink()
        run = new_run("a<!-- stream: split -->ébcd", delay=0)
        await lane(run, sink).ended()
        at = next(i for i, m in enumerate(sink.messages) if m["body"][-1:] == b"\xc3")
        assert sink.messages[at + 1]["body"] == b"\xa9\n\n"
        assert 0.05 <= sink.times[at + 1] - sink.times[at] <= 0.05 + 2 * TICK
        assert spoken(sink.body) == "aébcd"

    play(test)


@pytest.mark.parametrize("how", ["release", "stop", "drop"])
def test_what_happens_while_the_reader_waits_happens_then(play, lane, how):
    async def test():
        sink, run = Sink(0, 0, 5), new_run("abcdef", delay=1)
        playing, started = lane(run, sink), now()
        await asyncio.sleep(2.5)
        run.hold()
        await asyncio.sleep(0.5)
        getattr(run, how)()
        await playing.ended()
        assert now() - started >= 6
        expected = {"release": "abcdef", "stop": "ab", "drop": "ab"}[how]
        assert spoken(sink.body).startswith(expected)
        assert sink.complete == (how != "drop")

    play(test)


@pytest.mark.parametrize("delay", [0, 0.01])
def test_a_dropped_stream_says_all_that_came_before(play, lane, delay):
    async def test():
        text = "x" * 300
        sink, run = Sink(), new_run(f"{text}<!-- stream: drop -->y", delay=delay)
        await lane(run, sink).ended()
        assert spoken(sink.body) == text
        assert not sink.complete

    play(test)


def test_a_held_stream_has_no_task_of_its_own(play, lane):
    async def test():
        run = new_run("a<!-- stream: hold -->b", heartbeat=9, delay=0)
        playing = lane(run, Sink())
        await asyncio.sleep(100)
        assert run.held
        # The test's, and on the ordinary lane the response's.
        assert len(asyncio.all_tasks()) == 1 + (lane is Ordinary)
        playing.leave()
        await asyncio.sleep(0)

    play(test)
