"""Time that a listener changes, on a clock that the test turns."""

import asyncio

import pytest

from streams.core.playback import MonotonicClock, ServerStops
from streams.core.tempo import Stopped, Tempo


class Turned:
    """A clock that stands until the test turns it."""

    def __init__(self):
        self.time = 0.0
        self._waiting = []

    def now(self):
        return self.time

    async def sleep(self, seconds):
        if seconds:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((self.time + seconds, future))
            await future
        else:
            await asyncio.sleep(0)

    async def turn(self, seconds):
        """Let time pass, and everybody who waited for it act."""
        for _ in range(5):
            await asyncio.sleep(0)
        self.time += seconds
        for due, future in self._waiting:
            if due <= self.time + 1e-9 and not future.done():
                future.set_result(None)
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
def clock():
    return Turned()


async def test_time_passes_at_the_speed_asked_for(clock):
    tempo = Tempo(clock, speed=2)
    await clock.turn(3)
    assert tempo.now() == 6
    tempo.set_speed(0.5)
    await clock.turn(4)
    assert tempo.now() == 8


async def test_a_sleep_ends_earlier_when_time_goes_faster(clock):
    tempo = Tempo(clock)
    sleep = asyncio.ensure_future(tempo.sleep(10))
    await clock.turn(4)
    tempo.set_speed(3)
    await clock.turn(1.9)
    assert not sleep.done()
    await clock.turn(0.1)
    assert sleep.done()


async def test_a_held_sleep_waits_for_its_release(clock):
    tempo = Tempo(clock)
    sleep = asyncio.ensure_future(tempo.sleep(1))
    await clock.turn(0.5)
    tempo.hold()
    await clock.turn(100)
    assert not sleep.done()
    assert tempo.now() == 0.5
    tempo.release()
    await clock.turn(0.4)
    assert not sleep.done()
    await clock.turn(0.1)
    assert sleep.done()


async def test_a_hold_may_be_longer_than_the_clock_looks_again(clock):
    tempo = Tempo(clock)
    tempo.hold()
    sleep = asyncio.ensure_future(tempo.sleep(1))
    for _ in range(3):
        await clock.turn(3600)
    assert not sleep.done()
    sleep.cancel()


async def test_the_stop_of_the_server_reaches_a_held_sleeper():
    clock = MonotonicClock()
    tempo = Tempo(clock)
    tempo.hold()
    sleep = asyncio.ensure_future(tempo.sleep(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.stop()
    with pytest.raises(ServerStops):
        await sleep


async def test_no_sleep_leaves_tasks_behind(clock):
    tempo = Tempo(clock)
    before = len(asyncio.all_tasks())
    sleep = asyncio.ensure_future(tempo.sleep(10))
    await clock.turn(1)
    sleep.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


async def test_a_stop_wakes_whoever_waits_and_whoever_comes_to_wait(clock):
    tempo = Tempo(clock)
    sleep = asyncio.ensure_future(tempo.sleep(10))
    await clock.turn(1)
    tempo.stop()
    with pytest.raises(Stopped):
        await sleep
    for seconds in (0, 1):
        with pytest.raises(Stopped):
            await tempo.sleep(seconds)


async def test_a_stop_reaches_a_held_sleeper(clock):
    tempo = Tempo(clock)
    tempo.hold()
    sleep = asyncio.ensure_future(tempo.sleep(10))
    await clock.turn(1)
    tempo.stop()
    with pytest.raises(Stopped):
        await sleep
