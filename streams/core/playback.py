"""Wait for due times and hand steps on: the only code that waits."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from streams.core.plan import Plan, Step

MAX_BATCH = 256
"""Most steps handed on at once, so that no stream keeps the event loop to itself."""


_TICK = 1e-6
"""Seconds too short to wait for: rounding leaves remainders no clock can measure."""


class Clock(Protocol):
    """A monotonic clock one can wait on; tests bring their own."""

    def now(self) -> float:
        """Return seconds since some fixed moment."""

    async def sleep(self, seconds: float) -> None:
        """Wait; 0 lets other tasks run."""


class MonotonicClock:
    """The running event loop's time."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


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
