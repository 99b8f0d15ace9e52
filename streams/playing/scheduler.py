"""One scheduler for all streams of an event loop, with one timer."""

import asyncio
import logging
import math
import time
from collections import deque
from typing import Protocol

from streams.core.per_loop import PerLoop
from streams.core.wheel import Wheel

logger = logging.getLogger("streams")

TICK = 0.002
"""Seconds that streams due one after another are taken together: a stream is late by
one on average, and the loop wakes five hundred times a second at most."""

MOST_AT_ONCE = 64
"""Streams that have their turn before the loop has its own."""


class Player(Protocol):
    """What a scheduler wakes."""

    due: float
    """When it wants to be woken, by `time.monotonic()`; written by the scheduler."""

    def take(self, now: float) -> bytes:
        """Return what is to be sent; it is given to `push`, when all have theirs."""

    def push(self, frame: bytes) -> float | None:
        """Send it, and return when to be woken next; None for what comes back by
        `Scheduler.wake`."""


class Scheduler:
    """Wakes players when they are due, many in one go: no task or timer for each."""

    def __init__(self) -> None:
        self._wheel: Wheel[Player] = Wheel(TICK)
        self._ready: deque[Player] = deque()
        self._timer: asyncio.Handle | None = None
        self._set_for = math.inf
        self._now = 0.0

    def wake(self, player: Player, when: float) -> None:
        """Wake a player at a moment of `time.monotonic()`; if it is over, in the loop's
        next turn.

        An earlier wish of the same player is forgotten.
        """
        player.due = when
        if when <= self._now:
            self._ready.append(player)
        else:
            self._wheel.add(when, player)
        if when < self._set_for:
            self._set()

    def _set(self) -> None:
        """Set the timer for whatever comes first."""
        when = 0.0 if self._ready else self._wheel.next
        if when is None or when >= self._set_for:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._set_for = when
        loop = asyncio.get_running_loop()
        wait = when - time.monotonic()
        if wait > 0:
            # Uvloop counts milliseconds, and rounds: woken too early, one would ask it
            # for a fraction of one again and again.
            wait = math.ceil(wait * 1000) / 1000
            self._timer = loop.call_later(wait, self._fire)
        else:
            self._timer = loop.call_soon(self._fire)

    def _fire(self) -> None:
        # Woken meanwhile, a player only joins: the timer is set once, at the end.
        self._set_for = -math.inf
        self._now = now = time.monotonic()
        players = self._wheel.take(now, MOST_AT_ONCE)
        for _ in range(min(len(self._ready), MOST_AT_ONCE)):
            players.append(self._ready.popleft())
        # First what is to be sent, then all the sending, then what comes next: going
        # to and fro between Python and the network, a processor finds little of what it
        # wants in its caches, and needs a third more for an event.
        frames: list[tuple[Player, bytes]] = []
        moments: list[tuple[Player, float]] = []
        try:
            for player in players:
                # Not one that has wished for a later moment since.
                if player.due <= now:
                    try:
                        frames.append((player, player.take(now)))
                    except (Exception, asyncio.CancelledError):
                        logger.exception("a stream could not be played on")
            for player, frame in frames:
                try:
                    when = player.push(frame)
                except (Exception, asyncio.CancelledError):
                    logger.exception("a stream could not be played on")
                else:
                    if when is not None:
                        moments.append((player, when))
            for player, when in moments:
                self.wake(player, when)
        finally:
            # Whatever happened, the others are woken.
            self._set_for, self._timer = math.inf, None
            self._set()


_schedulers = PerLoop(Scheduler)


def get_scheduler() -> Scheduler:
    """Return the scheduler of the running event loop."""
    return _schedulers.here()
