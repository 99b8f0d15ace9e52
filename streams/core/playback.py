"""Wait for due times and hand steps on: the only code that waits."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from streams.core.plan import Plan
from streams.core.steps import Step
from streams.exceptions import StreamsError

MAX_BATCH = 256
"""Most steps handed on at once, so that no stream keeps the event loop to itself."""

_TICK = 1e-6
"""Seconds too short to wait for: rounding leaves remainders no clock can measure."""


class ServerStops(StreamsError):
    """Raised into whatever waits when the server is about to stop."""


class Clock(Protocol):
    """A monotonic clock one can wait on; tests bring their own."""

    def now(self) -> float:
        """Return seconds since some fixed moment."""

    async def sleep(self, seconds: float) -> None:
        """Wait; 0 lets other tasks run."""


class MonotonicClock:
    """The running event loop's time. All that wait on it can be woken at once."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self._stopped = False

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait, or raise ServerStops once `stop()` was called."""
        if self._stopped:
            raise ServerStops
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.add(future)
        timer = loop.call_later(seconds, _wake, future)
        try:
            await future
        finally:
            timer.cancel()
            self._waiting.discard(future)

    def stop(self) -> None:
        """Raise ServerStops in every sleep, now and from now on."""
        self._stopped = True
        for future in self._waiting:
            if not future.done():
                future.set_exception(ServerStops())


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


async def play(
    plan: Plan, *, clock: Clock, heartbeat: float | None = None
) -> AsyncGenerator[Sequence[Step], None]:
    """Yield each step when it is due, as a batch of all that are due together.

    Deadlines are absolute from the first iteration, so a stream never drifts: what
    comes late, because the reader was slow or the machine busy, comes with what is due
    by then. An empty batch says that `heartbeat` seconds passed without a step. The
    generator ends when the plan's duration is over.
    """
    start = clock.now()
    steps, due = plan.steps, plan.due
    index = 0
    rested = True
    while True:
        deadline = due[index] if index < len(due) else plan.duration
        elapsed = clock.now() - start
        wait = deadline - elapsed
        if wait > _TICK:
            rested = True
            if heartbeat is not None and wait > heartbeat:
                await clock.sleep(heartbeat)
                yield ()
            else:
                await clock.sleep(wait)
        elif not rested:
            # A reader that never waits, such as a server without back-pressure, would
            # play a script without delays in one breath while other streams stand.
            await clock.sleep(0)
            rested = True
        elif index == len(due):
            return
        else:
            limit = min(index + MAX_BATCH, len(due))
            ready = bisect_right(due, elapsed + _TICK, index, limit)
            yield steps[index:ready]
            index, rested = ready, False
