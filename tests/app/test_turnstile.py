"""Streams are set up one after another, and nobody waits for what only waits itself."""

import asyncio
import time
from contextlib import suppress

import pytest

from streams import turnstile
from streams.playing.lane import Lane
from streams.turnstile import PATIENCE, get_turnstile
from tests.formats.test_pushing import play

__all__ = ["play"]


@pytest.fixture(autouse=True)
def busy(monkeypatch):
    monkeypatch.setattr(turnstile, "count_playing", lambda: 1)


def new_lane():
    return Lane(None, None)


class Visitors:
    """Come at once, stay for so many seconds, and note who was inside when."""

    def __init__(self):
        self.came = []
        self.most = self.inside = 0

    async def visit(self, name, seconds, lane=None):
        async with get_turnstile().turn(lane or new_lane()):
            self.came.append((name, round(time.monotonic() - self.started, 4)))
            self.inside += 1
            self.most = max(self.most, self.inside)
            try:
                await asyncio.sleep(seconds)
            finally:
                self.inside -= 1

    async def all_come(self, *stays):
        self.started = time.monotonic()
        await asyncio.gather(*(self.visit(n, s) for n, s in enumerate(stays)))


def test_one_is_inside_at_a_time_in_order_of_arrival(play):
    visitors = Visitors()
    play(lambda: visitors.all_come(*[PATIENCE / 3] * 4))
    assert visitors.most == 1
    assert [name for name, _ in visitors.came] == [0, 1, 2, 3]


def test_nobody_waits_for_one_who_takes_long(play):
    visitors = Visitors()
    play(lambda: visitors.all_come(10, 10, 10))
    times = [at for _, at in visitors.came]
    assert times == pytest.approx([0, PATIENCE, 2 * PATIENCE], abs=0.002)


def test_the_more_wait_the_sooner_they_are_let_in(play):
    """A crowd of a hundred is not kept waiting for three seconds."""
    visitors = Visitors()
    play(lambda: visitors.all_come(*[10] * 100))
    times = [at for _, at in visitors.came]
    assert times == sorted(times)
    assert times[-1] < 100 * PATIENCE / 2


def test_nobody_waits_while_nothing_plays(play, monkeypatch):
    monkeypatch.setattr(turnstile, "count_playing", lambda: 0)
    visitors = Visitors()
    play(lambda: visitors.all_come(1, 1, 1))
    assert [at for _, at in visitors.came] == pytest.approx([0, 0, 0], abs=0.001)


def test_who_says_that_it_waits_lets_the_next_one_in(play):
    visitors = Visitors()

    async def test():
        visitors.started = time.monotonic()
        lane = new_lane()
        first = asyncio.create_task(visitors.visit("whole", 1, lane))
        await asyncio.sleep(0)
        second = asyncio.create_task(visitors.visit("next", 1))
        await asyncio.sleep(0)
        lane.on_wait()
        await asyncio.gather(first, second)
        assert lane.on_wait is None

    play(test)
    assert [at for _, at in visitors.came] == pytest.approx([0, 0], abs=0.001)


@pytest.mark.parametrize("moment", ["while it waits", "as it is let in"])
def test_who_is_cancelled_stops_nobody(play, moment):
    visitors = Visitors()

    async def test():
        visitors.started = time.monotonic()
        stay = PATIENCE / 3
        first, second, third = (
            asyncio.create_task(visitors.visit(name, stay)) for name in range(3)
        )
        await asyncio.sleep(0)
        if moment == "as it is let in":
            first.add_done_callback(lambda _: second.cancel())
        else:
            second.cancel()
        with suppress(asyncio.CancelledError):
            await second
        await asyncio.wait_for(third, 1)
        assert get_turnstile()._inside is None

    play(test)
    assert [name for name, _ in visitors.came] in ([0, 2], [0, 1, 2])
    assert visitors.most == 1
