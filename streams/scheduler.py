"""One scheduler for all streams of an event loop, with one timer."""

import asyncio
import logging
import time
from collections import deque
from typing import Protocol
from weakref import WeakKeyDictionary

from streams.core.wheel import Wheel

logger = logging.getLogger("streams")

TICK = 0.002
"""Seconds that streams due one after another are taken together: a stream is late by
one on average, and the loop wakes five hundred times a second at most."""

MOST_AT_ONCE = 64
"""Streams that have their turn before the loop has its own: what they wrote leaves
then, on uvloop."""


class Player(Protocol):
    """What a scheduler wakes."""

    due: float
    """When it wants to be woken, by `time.monotonic()`; written by the scheduler."""

    def fire(self) -> None:
        """Do what is due, and come back by `Scheduler.wake`. It raises nothing."""


class Scheduler:
    """Wakes players when they are due, many in one go: no task or timer for each."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wheel: Wheel[Player] = Wheel(TICK)
        self._ready: deque[Player] = deque()
        self._timer: asyncio.Handle | None = None
        self._set_for = float("inf")

    def wake(self, player: Player, seconds: float) -> None:
        """Wake a player after so many seconds; 0: in the loop's next turn.

        An earlier wish of the same player is forgotten.
        """
        if seconds <= 0:
            player.due = 0.0
            self._ready.append(player)
            self._set(0.0)
            return
        when = time.monotonic() + seconds
        player.due = when
        self._wheel.add(when, player)
        if when < self._set_for:
            self._set(self._wheel.next or when)

    def _set(self, when: float) -> None:
        if when >= self._set_for:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._set_for = when
        wait = when - time.monotonic()
        if wait > 0:
            self._timer = self._loop.call_later(wait, self._fire)
        else:
            self._timer = self._loop.call_soon(self._fire)

    def _fire(self) -> None:
        # Woken meanwhile, a player only joins: the timer is set once, at the end.
        self._set_for = float("-inf")
        now = time.monotonic()
        players = self._wheel.take(now, MOST_AT_ONCE)
        for _ in range(min(len(self._ready), MOST_AT_ONCE)):
            players.append(self._ready.popleft())
        for player in players:
            # Not one that has wished for a later moment since.
            if player.due <= now:
                try:
                    player.fire()
                except Exception:
                    logger.exception("a stream could not be played on")
        self._set_for, self._timer = float("inf"), None
        if self._ready:
            self._set(0.0)
        elif (following := self._wheel.next) is not None:
            self._set(following)


_schedulers: "WeakKeyDictionary[asyncio.AbstractEventLoop, Scheduler]" = (
    WeakKeyDictionary()
)


def get_scheduler() -> Scheduler:
    """Return the scheduler of the running event loop."""
    loop = asyncio.get_running_loop()
    scheduler = _schedulers.get(loop)
    if scheduler is None:
        scheduler = _schedulers[loop] = Scheduler(loop)
    return scheduler
