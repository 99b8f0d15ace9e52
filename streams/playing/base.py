"""A plan played to one client: what is due when, as bytes, and how it ended."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable

from streams.core.limit import join
from streams.core.plan import Plan
from streams.core.playback import ALONE, HEARTBEAT, Clock, Playback, ServerStops, Waker
from streams.core.tally import PlainTally, Tally
from streams.formats.base import Context, Format
from streams.playing.telling import log_end, logger, tell_first_chunk


def nothing() -> None:
    """Do nothing, where somebody may want to be told."""


class Playing(ABC):
    """What `Run` is, without what can happen to one that is not in its plan."""

    __slots__ = (
        "__weakref__",
        "_aside",
        "_began",
        "_closed",
        "_playback",
        "_speed",
        "_started",
        "_steps",
        "_writer",
        "clock",
        "context",
        "dropped",
        "ended",
        "format",
        "max_bytes",
        "next_at",
        "on_begin",
        "on_change",
        "on_end",
        "plan",
        "tally",
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
        on_begin: Callable[[], None] = nothing,
        on_end: Callable[[], None] = nothing,
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
        self.dropped = False
        """Whether the connection is then to be cut, instead of the response ended."""
        self.on_change: Callable[[], None] = nothing
        """Called when `wait` changes."""
        self.next_at = 0.0
        """When there is something to do, on the clock."""
        self._steps = plan.steps.made
        self._playback = Playback(plan, heartbeat=heartbeat)
        self._speed = 1.0
        self._aside = False
        """Whether something is to be done that is not in the plan."""
        self._began = self._closed = False
        self._set_up()

    @property
    def elapsed(self) -> float:
        """Seconds of the plan that are over."""
        return (self._stream_time() - self._started) * self._speed

    @property
    def position(self) -> int:
        """Where the stream is after its last step; 0 before the first."""
        index = self._playback.index
        return self.plan.steps.positions[index - 1] if index else 0

    def begin(self) -> bytes:
        """Start, and return what is sent at once."""
        self.on_begin()
        self._began = True
        self._started = self.clock.now()
        try:
            self._writer = self.format.writer(self.context)
            self._set_next()
            return self._sent(self._writer.opening())
        except Exception:
            return self._fail()

    def wait(self) -> float:
        """Return the seconds until there is something to do, 0 if there is already."""
        return max(0.0, self.next_at - self.clock.now())

    def advance(self, now: float | None = None) -> bytes:
        """Return what is due by now, the end of the stream included.

        `now` is the time of a MonotonicClock, for whoever knows it already.
        """
        frame = b""
        playback, tally, most = self._playback, self.tally, self.max_bytes
        try:
            if now is None:
                now = self.clock.now()
            if self._aside:
                return self._sent(self._go_aside(now))
            taken = playback.take((now - self._started) * self._speed)
            if taken == 1:
                frame = self._writer.step(self._steps[playback.index - 1])
                tally.steps += 1
                tally.bytes += len(frame)
            elif taken == HEARTBEAT:
                frame = self._sent(self.format.heartbeat)
            elif taken == ALONE:
                frame = self._sent(self._play_alone(now))
                tally.steps += 1
                said = self._steps[playback.index - 1].text and frame
                if said and tally.first_chunk is None:
                    tell_first_chunk(tally)
                self._set_next()
                if most and tally.bytes > most and not self.ended:
                    frame += self._end_at_limit()
                return frame
            elif taken:
                frames: list[bytes] = []
                some = self._steps[playback.index - taken : playback.index]
                try:
                    frames.extend(self._writer.steps(some))
                finally:
                    # What was written before a failure is sent.
                    tally.steps += len(frames)
                    frame = self._sent(join(frames, (most or math.inf) - tally.bytes))
            self.next_at = self._started + playback.next / self._speed
            if most and tally.bytes > most:
                frame += self._end_at_limit()
            elif playback.over:
                self._end("completed")
                frame += self._sent(self._kept_back() + self._writer.closing())
            if tally.first_chunk is None and frame and taken > 0:
                tell_first_chunk(tally)
        except Exception:
            frame += self._fail()
        return frame

    def goodbye(self) -> bytes:
        """End, because the server stops."""
        self._end("ended by the server's stop")
        try:
            return self._sent(self._kept_back() + self._writer.goodbye())
        except Exception:
            return self._fail()

    def close(self) -> None:
        """Say how it ended. Nothing is written any more."""
        if self._closed or not self._began:
            return
        self._closed = True
        self.on_change = nothing
        tally = self.tally
        tally.outcome = tally.outcome or "cut"
        tally.lateness = self._playback.lateness
        self.on_end()
        log_end(tally, self.context, self.format.name, self.elapsed, self.plan)

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Play: yield what goes over the wire, each write as it is due.

        Nothing but cancellation leaves this generator early.
        """
        waker = Waker()
        self.on_change = waker.wake
        try:
            yield self.begin()
            while not self.ended:
                try:
                    await self.clock.sleep(self.wait(), waker)
                except ServerStops:
                    yield self.goodbye()
                    return
                if frame := self.advance():
                    yield frame
        finally:
            self.close()

    @abstractmethod
    def _set_up(self) -> None:
        """Set what the classes below need."""

    def _stream_time(self) -> float:
        return self.clock.now()

    def _set_next(self) -> None:
        """See when there is something to do."""
        self.next_at = self._started + self._playback.next / self._speed

    @abstractmethod
    def _go_aside(self, now: float) -> bytes:
        """Do what is not in the plan, as far as it is due."""

    @abstractmethod
    def _play_alone(self, now: float) -> bytes:
        """Write the step that was taken alone."""

    @abstractmethod
    def _kept_back(self) -> bytes:
        """Return, once, what was written and has not left yet."""

    def _end(self, outcome: str) -> None:
        self.tally.outcome = outcome
        self.ended = True

    def _fail(self) -> bytes:
        """End with an error event, as something raised; cut it if that raises, too."""
        self._end("failed")
        context = self.context
        logger.exception("run %s of %s failed", context.run_id, context.slug)
        message = f"This stream failed on the server, as run {context.run_id}."
        try:
            return self._sent(self._kept_back() + self._writer.error(message))
        except Exception:
            logger.exception("run %s cannot even say so", context.run_id)
            self.dropped = True
        return b""

    def _end_at_limit(self) -> bytes:
        self._end("ended at the limit")
        message = f"Stopped at the limit of {self.max_bytes:,} bytes."
        return self._sent(self._kept_back() + self._writer.error(message))

    def _sent(self, frame: bytes) -> bytes:
        self.tally.bytes += len(frame)
        if frame and self.tally.first_byte is None:
            self.tally.first_byte = max(0.0, time.time() - self.tally.started)
        return frame
