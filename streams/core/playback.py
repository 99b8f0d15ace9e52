"""What of a plan is due, and the clock to wait for it."""

import asyncio
import math
import time
from bisect import bisect_right
from collections.abc import Callable
from typing import Protocol

from streams.core.acts import Acting
from streams.core.plan import Plan
from streams.exceptions import StreamsError

MAX_BATCH = 256
"""Most steps handed on at once, so that no stream keeps the event loop to itself."""

HEARTBEAT = -1

ALONE = -2
"""Says that one step was taken, and not in passing: it acts, or somebody counts."""

TICK = 1e-6
"""Seconds too short to wait for: rounding leaves remainders no clock can measure."""


class ServerStops(StreamsError):
    """Raised into whatever waits when the server is about to stop."""


class Waker:
    """Ends a sleep early: whoever sleeps has something else to do now."""

    __slots__ = ("sleeping",)

    def __init__(self) -> None:
        self.sleeping: asyncio.Future[None] | None = None
        """What is waited for; a clock sets it in each sleep."""

    def wake(self) -> None:
        if self.sleeping is not None:
            _wake(self.sleeping)


class Clock(Protocol):
    """A monotonic clock one can wait on; tests bring their own."""

    def now(self) -> float:
        """Return seconds since some fixed moment."""

    async def sleep(self, seconds: float, waker: Waker | None = None) -> None:
        """Wait, until somebody wakes the waker at most; 0 lets other tasks run."""


class MonotonicClock:
    """The running event loop's time. All that wait on it can be woken at once."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self._on_stop: list[Callable[[], None]] = []
        self.stopped = False

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float, waker: Waker | None = None) -> None:
        """Wait, or raise ServerStops once `stop()` was called."""
        if self.stopped:
            raise ServerStops
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.add(future)
        if waker is not None:
            waker.sleeping = future
        timer = loop.call_later(seconds, _wake, future)
        try:
            await future
        finally:
            timer.cancel()
            self._waiting.discard(future)
            if waker is not None:
                waker.sleeping = None

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Have something called, once, by `stop()`."""
        self._on_stop.append(callback)

    def stop(self) -> None:
        """Raise ServerStops in every sleep, now and from now on."""
        self.stopped = True
        for callback in self._on_stop:
            callback()
        for future in self._waiting:
            if not future.done():
                future.set_exception(ServerStops())


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


_NO_ACTS: list[int] = []
# For the many scripts without; it stays empty, since all that is done is to take away.


class Playback:
    """How far the playing of a plan has come. It knows no clock: whoever plays tells it
    the seconds since the start, and waits.

    Deadlines are absolute, so a stream never drifts: what comes late, because the
    reader was slow or the machine busy, comes with all that is due by then.
    """

    __slots__ = (
        "_acts",
        "_alone",
        "_count",
        "_due",
        "_duration",
        "_end",
        "heartbeat",
        "index",
        "lateness",
        "next",
        "over",
    )

    def __init__(self, plan: Plan, *, heartbeat: float | None = None) -> None:
        self._due = plan.due
        self._end = len(plan.due)
        self._duration = plan.duration
        self.heartbeat = math.inf if heartbeat is None else heartbeat
        """Seconds of silence after which one is due."""
        self._alone = False
        directions = plan.steps.directions
        self._acts = _NO_ACTS
        """The steps that act, the next one last."""
        if directions:
            acts = (i for i, d in directions.items() if isinstance(d.value, Acting))
            self._acts = sorted(acts, reverse=True)
        self._count = self._acts[-1] if self._acts else self._end
        """The step that may not be taken with those before it; the end if none is."""
        self.index = 0
        """Steps taken."""
        self.lateness = 0.0
        """Seconds by which the latest step was late."""
        self.over = False
        """Whether all was taken, and the plan's duration is over."""
        self.next = min(self.deadline, self.heartbeat)
        """When there is something to do, a heartbeat or the end if no step; in seconds
        from the start."""

    @property
    def deadline(self) -> float:
        """When the next step is due, or the end."""
        return self._due[self.index] if self.index < self._end else self._duration

    def take(self, elapsed: float) -> int:
        """Take the steps that are due, at most MAX_BATCH; return how many.

        HEARTBEAT says that it was silent for so long that one is due, ALONE that one
        step was taken that acts, or as `take_alone` has asked for.
        """
        due, first, count, now = self._due, self.index, self._count, elapsed + TICK
        if first == count or due[first] > now:
            return self._take_none(elapsed)
        late = elapsed - due[first]
        if late > self.lateness:
            self.lateness = late
        last = first + 1
        if last < count and due[last] <= now:
            last = bisect_right(due, now, last, min(first + MAX_BATCH, count))
        self.index = last
        if last < count:
            following = due[last]
        else:
            following = self.deadline
            self.over = last == self._end and following <= now
        if following - elapsed > self.heartbeat:
            following = elapsed + self.heartbeat
        self.next = following
        return last - first

    def take_alone(self, alone: bool) -> None:
        """Take steps one by one from here on, or no longer."""
        self._alone = alone
        self._bound()

    def fall_silent(self) -> None:
        """Leave heartbeats out until the next step is due."""
        self.next = self.deadline

    def _bound(self) -> None:
        while self._acts and self._acts[-1] < self.index:
            self._acts.pop()
        if self._alone:
            self._count = self.index
        else:
            self._count = self._acts[-1] if self._acts else self._end

    def _take_none(self, elapsed: float) -> int:
        now, deadline = elapsed + TICK, self.deadline
        if self.index < self._end and deadline <= now:
            self.lateness = max(self.lateness, elapsed - deadline)
            self.index += 1
            self._bound()
            self.next = min(self.deadline, elapsed + self.heartbeat)
            return ALONE
        self.over = self.index == self._end and deadline <= now
        if self.over or self.next > now:
            return 0
        self.next = min(deadline, elapsed + self.heartbeat)
        return HEARTBEAT
