"""One playing of a plan to one client."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, Callable
from itertools import accumulate

from streams import control
from streams.core.plan import Plan
from streams.core.playback import HEARTBEAT, Clock, Playback, ServerStops
from streams.core.tally import PlainTally, Tally
from streams.core.tempo import Stopped, Tempo
from streams.formats.base import Context, Format

logger = logging.getLogger("streams.runs")


def _nothing() -> None:
    pass


class Run:
    """Turns a plan into bytes, in time, and knows how it ended.

    It does not wait and does not send. Whoever plays it calls `begin`, then `advance`
    after every `wait`, until it has `ended`; and `close` at last, whatever happens. An
    error becomes the format's own error event and a clean end, because an exception in
    the middle of a response breaks the server (Daphne 4.2 stops reaping closed
    streams).
    """

    __slots__ = (
        "__weakref__",
        "_began",
        "_closed",
        "_halted",
        "_own_time",
        "_playback",
        "_started",
        "_steps",
        "_stopped_at",
        "_told",
        "_writer",
        "clock",
        "context",
        "ended",
        "format",
        "max_bytes",
        "next_at",
        "on_begin",
        "on_change",
        "on_end",
        "plan",
        "tally",
        "tempo",
    )

    def __init__(
        self,
        plan: Plan,
        wire_format: Format,
        context: Context,
        *,
        clock: Clock,
        heartbeat: float | None = None,
        max_bytes: int | None = None,
        on_begin: Callable[[], None] = _nothing,
        on_end: Callable[[], None] = _nothing,
        stoppable: bool = False,
        tally: Tally | None = None,
    ) -> None:
        self.plan = plan
        self.format = wire_format
        self.context = context
        self.clock: Clock = clock
        self.max_bytes = max_bytes
        self.on_begin = on_begin
        self.on_end = on_end
        self.tally: Tally = tally or PlainTally()
        self.ended = False
        """Whether the last of it was written."""
        self.on_change: Callable[[], None] = _nothing
        """Called when `wait` changes."""
        self.next_at = 0.0
        """When there is something to do, on the clock."""
        self._steps = plan.steps.made
        self._playback = Playback(plan, heartbeat=heartbeat)
        self._own_time = stoppable
        self._began = self._closed = self._halted = False
        self._stopped_at: int | None = None
        if stoppable:
            # A wait that can be cut short costs two tasks more.
            self.clock = self.tempo = Tempo(clock)
            self._told = asyncio.Event()
            control.add(self)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.clock.now() - self._started

    def begin(self) -> bytes:
        """Start, and return what is sent at once."""
        self.on_begin()
        self._began = True
        self._started = self.clock.now()
        self.next_at = self._started + self._playback.next
        self._writer = self.format.writer(self.context)
        frame = self._sent(self._writer.opening())
        if frame:
            self.tally.first_byte = max(0.0, time.time() - self.tally.started)
        return frame

    def wait(self) -> float:
        """Return the seconds until there is something to do, 0 if there is already."""
        if self._halted:
            return math.inf if self._stopped_at is None else 0.0
        return max(0.0, self.next_at - self.clock.now())

    def advance(self, now: float | None = None) -> bytes:
        """Return what is due by now, the end of the stream included.

        `now` is the time of a MonotonicClock, for whoever knows it already.
        """
        frame = b""
        playback, tally = self._playback, self.tally
        try:
            if self._halted:
                return self._stopped()
            if now is None or self._own_time:
                now = self.clock.now()
            taken = playback.take(now - self._started)
            if taken == 1:
                frame = self._writer.step(self._steps[playback.index - 1])
                tally.steps += 1
                tally.bytes += len(frame)
            elif taken == HEARTBEAT:
                frame = self._sent(self.format.heartbeat)
            elif taken:
                frames: list[bytes] = []
                some = self._steps[playback.index - taken : playback.index]
                try:
                    frames.extend(map(self._writer.step, some))
                finally:
                    # What was written before a failure is sent.
                    tally.steps += len(frames)
                    frame = self._sent(self._join(frames))
            self.next_at = self._started + playback.next
            if self.max_bytes and tally.bytes > self.max_bytes:
                self._end("ended at the limit")
                message = f"Stopped at the limit of {self.max_bytes:,} bytes."
                frame += self._sent(self._writer.error(message))
            elif playback.over:
                self._end("completed")
                frame += self._sent(self._writer.closing())
            if tally.first_byte is None and frame:
                tally.first_byte = max(0.0, time.time() - tally.started)
        except Exception:
            self._end("failed")
            run_id = self.context.run_id
            logger.exception("run %s of %s failed", run_id, self.context.slug)
            message = f"This stream failed on the server, as run {run_id}."
            frame += self._sent(self._writer.error(message))
        return frame

    def goodbye(self) -> bytes:
        """End, because the server stops."""
        self._end("ended by the server's stop")
        return self._sent(self._writer.goodbye())

    def close(self) -> None:
        """Say how it ended. Nothing is written any more."""
        if self._closed or not self._began:
            return
        self._closed = True
        tally = self.tally
        tally.outcome = tally.outcome or "cut"
        tally.lateness = self._playback.lateness
        self.on_end()
        context = self.context
        logger.info(
            "run %s of %s (%s): %s after %.3f s, %d of %d steps, %d bytes",
            context.run_id,
            context.slug,
            self.format.name,
            tally.outcome,
            self.elapsed,
            tally.steps,
            len(self.plan.steps),
            tally.bytes,
        )

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Play: yield what goes over the wire, each write as it is due.

        Nothing but cancellation leaves this generator early.
        """
        try:
            yield self.begin()
            while not self.ended:
                try:
                    await self.clock.sleep(self.wait())
                except Stopped:
                    await self._told.wait()
                except ServerStops:
                    yield self.goodbye()
                    return
                if frame := self.advance():
                    yield frame
        finally:
            self.close()

    def halt(self) -> None:
        """Send no more steps. For runs made stoppable."""
        self._halted = True
        self.tempo.stop()
        self.on_change()

    def end(self, at: int) -> None:
        """Say that the run was stopped, `at` seconds of the epoch."""
        self._stopped_at = at
        self._told.set()
        self.on_change()

    def _stopped(self) -> bytes:
        if self._stopped_at is None:
            return b""
        self._end("stopped")
        return self._sent(self._writer.stopped(self._stopped_at))

    def _end(self, outcome: str) -> None:
        self.tally.outcome = outcome
        self.ended = True

    def _join(self, frames: list[bytes]) -> bytes:
        """Join what leaves together, up to the first that is past the limit."""
        frame = b"".join(frames)
        sent = self.tally.bytes
        if not self.max_bytes or sent + len(frame) <= self.max_bytes:
            return frame
        room = self.max_bytes - sent
        sizes = accumulate(map(len, frames))
        return b"".join(frames[: next(i for i, n in enumerate(sizes, 1) if n > room)])

    def _sent(self, frame: bytes) -> bytes:
        self.tally.bytes += len(frame)
        return frame
