"""What of a plan is due, and the clock to wait for it."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable
from typing import Protocol

from streams.core.plan import Plan
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
        self._on_stop: list[Callable[[], None]] = []
        self.stopped = False

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait, or raise ServerStops once `stop()` was called."""
        if self.stopped:
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


class Playback:
    """How far the playing of a plan has come. It knows no clock: whoever plays tells it
    the seconds since the start, and waits.

    Deadlines are absolute, so a stream never drifts: what comes late, because the
    reader was slow or the machine busy, comes with all that is due by then.
    """

    __slots__ = ("_due", "_duration", "_heartbeat", "_quiet_since", "index", "lateness")

    def __init__(self, plan: Plan, *, heartbeat: float | None = None) -> None:
        self._due = plan.due
        self._duration = plan.duration
        self._heartbeat = heartbeat
        self._quiet_since = 0.0
        self.index = 0
        """Steps taken."""
        self.lateness = 0.0
        """Seconds by which the latest step was late."""

    def take(self, elapsed: float) -> range:
        """Take the steps that are due, at most MAX_BATCH; return their indexes."""
        due, first = self._due, self.index
        now = elapsed + _TICK
        last, count = first, len(due)
        if first < count and due[first] <= now:
            last = first + 1
            if last < count and due[last] <= now:
                last = bisect_right(due, now, last, min(first + MAX_BATCH, count))
            late = elapsed - due[first]
            if late > self.lateness:
                self.lateness = late
            self.index = last
            self._quiet_since = elapsed
        return range(first, last)

    def take_heartbeat(self, elapsed: float) -> bool:
        """Tell whether it was silent for so long that a heartbeat is due; take it."""
        if self._heartbeat is None:
            return False
        if elapsed + _TICK < self._quiet_since + self._heartbeat:
            return False
        self._quiet_since = elapsed
        return True

    @property
    def next(self) -> float:
        """When there is something to do, a heartbeat or the end if no step; in seconds
        from the start."""
        index, due = self.index, self._due
        deadline = due[index] if index < len(due) else self._duration
        if self._heartbeat is None:
            return deadline
        return min(deadline, self._quiet_since + self._heartbeat)

    def is_over(self, elapsed: float) -> bool:
        """Tell whether all was taken, and the plan's duration is over."""
        return self.index == len(self._due) and elapsed + _TICK >= self._duration
