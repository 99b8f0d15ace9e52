"""Waiting, with a clock that the test turns."""

import asyncio

import pytest

from streams.core.chunks import Unit
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.playback import (
    ALONE,
    MAX_BATCH,
    MonotonicClock,
    Playback,
    ServerStops,
    Waker,
)
from streams.core.script import compile_script
from streams.core.steps import lay_out
from tests.clocks import FakeClock


def make(body, **pacing):
    return plan(lay_out(compile_script(body), Unit.GRAPHEME, 1), Pacing(**pacing))


async def record(planned, clock, *, heartbeat=None, reading=0.0):
    """Return (time, text) of each batch; `reading` seconds pass at each."""
    seen = []
    playback = Playback(planned, heartbeat=heartbeat)
    while True:
        await clock.sleep(max(0, playback.next - clock.now()))
        now = clock.now()
        taken = playback.take(now)
        if taken:
            last = playback.index
            batch = planned.steps[last - max(taken, 0) : last]
            seen.append((round(now, 6), "".join(step.text for step in batch)))
            clock.advance(reading)
        if playback.over:
            return seen


async def test_each_step_comes_when_it_is_due():
    seen = await record(make("abc", ttft=0.5, delay=0.25), FakeClock())
    assert seen == [(0.5, "a"), (0.75, "b"), (1.0, "c")]


async def test_deadlines_are_absolute_so_nothing_drifts():
    """Each wait is 10 ms too long; the last event is late by one of them, not 300."""
    clock = FakeClock(oversleep=0.01)
    seen = await record(make("x" * 300, delay=0.03), clock)
    assert seen[-1][0] == pytest.approx(8.97 + 0.01)


async def test_what_a_slow_reader_missed_comes_together():
    seen = await record(make("abcdef", delay=0.1), FakeClock(), reading=0.25)
    assert seen == [(0, "a"), (0.25, "bc"), (0.5, "def")]


async def test_without_delay_a_script_comes_in_a_few_bounded_batches():
    clock = FakeClock()
    seen = await record(make("x" * 1000, delay=0), clock)
    assert [len(text) for _, text in seen] == [MAX_BATCH, MAX_BATCH, MAX_BATCH, 232]
    assert clock.sleeps == [0, 0, 0, 0]  # the loop had its turn after each


def test_a_step_that_acts_is_taken_alone():
    body = "abc<!-- stream: drop --><!-- stream: drop -->de"
    playback, taken = Playback(make(body, delay=0)), []
    while not playback.over:
        taken.append(playback.take(0))
    assert taken == [3, ALONE, ALONE, 2]


def test_steps_are_taken_one_by_one_for_as_long_as_somebody_counts():
    playback = Playback(make("abcdef", delay=0))
    playback.take_alone(True)
    assert [playback.take(0) for _ in range(3)] == [ALONE] * 3
    playback.take_alone(False)
    assert playback.take(0) == 3
    assert playback.over


async def test_silence_is_filled_with_heartbeats():
    seen = await record(make("ab", delay=7), FakeClock(), heartbeat=3)
    assert seen == [(0, "a"), (3, ""), (6, ""), (7, "b")]


async def test_a_pause_at_the_end_is_waited_for():
    clock = FakeClock()
    seen = await record(make("a<!-- stream: pause 2s -->", delay=0), clock)
    assert (seen, clock.now()) == ([(0, "a")], 2)


async def test_rounding_never_keeps_a_step_waiting():
    """0.1 + 0.1 + … on a clock that began at 100 is below the sum in decimal."""
    clock = FakeClock()
    await record(make("x" * 1000, delay=0.1), clock)
    assert len(clock.sleeps) < 1100


async def test_an_empty_script_ends_at_once():
    clock = FakeClock()
    assert (await record(make(""), clock), clock.now()) == ([], 0)


async def test_stopping_the_clock_wakes_whoever_waits_and_whoever_comes():
    clock = MonotonicClock()
    sleepers = [asyncio.ensure_future(clock.sleep(3600)) for _ in range(3)]
    await asyncio.sleep(0)
    clock.stop()
    for ended in await asyncio.gather(*sleepers, return_exceptions=True):
        assert isinstance(ended, ServerStops)
    for seconds in (0, 1):
        with pytest.raises(ServerStops):
            await clock.sleep(seconds)


async def test_a_sleeper_is_woken():
    clock, waker = MonotonicClock(), Waker()
    waker.wake()  # Nobody sleeps.
    sleeper = asyncio.ensure_future(clock.sleep(3600, waker))
    await asyncio.sleep(0)
    waker.wake()
    waker.wake()
    await sleeper
    assert waker.sleeping is None
    assert not clock._waiting


async def test_a_sleeper_that_is_cancelled_leaves_nothing_behind():
    clock = MonotonicClock()
    sleeper = asyncio.ensure_future(clock.sleep(3600))
    await asyncio.sleep(0)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    assert not clock._waiting


async def test_the_real_clock_waits_as_long_as_it_says():
    clock = MonotonicClock()
    before = clock.now()
    await clock.sleep(0.02)
    assert clock.now() - before >= 0.02
    await clock.sleep(0)
