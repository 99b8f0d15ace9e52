"""One playing of a plan to one client."""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Callable
from itertools import accumulate
from weakref import WeakSet

from streams.core.plan import Plan
from streams.core.playback import Clock, Playback, ServerStops
from streams.core.tempo import Stopped, Tempo
from streams.formats.base import Context, Format

logger = logging.getLogger("streams.runs")


_stoppable: "WeakSet[Run]" = WeakSet()


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
    ) -> None:
        self.plan = plan
        self.format = wire_format
        self.context = context
        self.clock: Clock = clock
        self.max_bytes = max_bytes
        self.on_begin = on_begin
        self.on_end = on_end
        self.steps_sent = 0
        self.bytes_sent = 0
        self.outcome = "cut"
        self.ended = False
        """Whether the last of it was written."""
        self.on_change: Callable[[], None] = _nothing
        """Called when `wait` changes."""
        self._playback = Playback(plan, heartbeat=heartbeat)
        self._began = self._closed = self._halted = False
        self._stopped_at: int | None = None
        if stoppable:
            # A wait that can be cut short costs two tasks more.
            self.clock = self.tempo = Tempo(clock)
            self._told = asyncio.Event()
            _stoppable.add(self)

    @property
    def lateness(self) -> float:
        """Seconds by which the latest step was late."""
        return self._playback.lateness

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.clock.now() - self._started

    def begin(self) -> bytes:
        """Start, and return what is sent at once."""
        self.on_begin()
        self._began = True
        self._started = self.clock.now()
        self._writer = self.format.writer(self.context)
        return self._sent(self._writer.opening())

    def wait(self) -> float:
        """Return the seconds until there is something to do, 0 if there is already."""
        if self._halted:
            return math.inf if self._stopped_at is None else 0.0
        wait = self._started + self._playback.next - self.clock.now()
        return wait if wait > 0 else 0.0

    def advance(self) -> bytes:
        """Return what is due by now, the end of the stream included."""
        frame = b""
        try:
            if self._halted:
                return self._stopped()
            elapsed = self.clock.now() - self._started
            frame = self._due(elapsed)
            self.bytes_sent += len(frame)
            if self.max_bytes and self.bytes_sent > self.max_bytes:
                self._end("ended at the limit")
                message = f"Stopped at the limit of {self.max_bytes:,} bytes."
                frame += self._sent(self._writer.error(message))
            elif self._playback.is_over(elapsed):
                self._end("completed")
                frame += self._sent(self._writer.closing())
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
        self.on_end()
        context = self.context
        logger.info(
            "run %s of %s (%s): %s after %.3f s, %d of %d steps, %d bytes",
            context.run_id,
            context.slug,
            self.format.name,
            self.outcome,
            self.clock.now() - self._started,
            self.steps_sent,
            len(self.plan.steps),
            self.bytes_sent,
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

    def _due(self, elapsed: float) -> bytes:
        playback, steps = self._playback, self.plan.steps
        batch = playback.take(elapsed)
        if not batch:
            return self.format.heartbeat if playback.take_heartbeat(elapsed) else b""
        if len(batch) == 1:
            frame = self._writer.step(steps[batch.start])
        else:
            step = self._writer.step
            some = steps[batch.start : batch.stop]
            frame = self._join([step(one) for one in some])
        self.steps_sent = batch.stop
        return frame

    def _stopped(self) -> bytes:
        if self._stopped_at is None:
            return b""
        self._end("stopped")
        return self._sent(self._writer.stopped(self._stopped_at))

    def _end(self, outcome: str) -> None:
        self.outcome = outcome
        self.ended = True

    def _join(self, frames: list[bytes]) -> bytes:
        """Join what leaves together, up to the first that is past the limit."""
        frame = b"".join(frames)
        if not self.max_bytes or self.bytes_sent + len(frame) <= self.max_bytes:
            return frame
        room = self.max_bytes - self.bytes_sent
        sizes = accumulate(map(len, frames))
        return b"".join(frames[: next(i for i, n in enumerate(sizes, 1) if n > room)])

    def _sent(self, frame: bytes) -> bytes:
        self.bytes_sent += len(frame)
        return frame


async def halt_runs(run_id: str) -> int | None:
    """Halt what this process plays under an id; tell how many steps were sent.

    None if it plays nothing of the kind. Each stays open until `end_runs`, so that its
    client hears of the end when that is kept. To be awaited in the event loop that
    plays: only there is nothing sent meanwhile.
    """
    runs = _with_id(run_id)
    for run in runs:
        run.halt()
    return max((run.steps_sent for run in runs), default=None)


async def end_runs(run_id: str, at: int) -> None:
    """End what was halted, `at` seconds of the epoch."""
    for run in _with_id(run_id):
        run.end(at)


def _with_id(run_id: str) -> list[Run]:
    return [run for run in _stoppable if run.context.run_id == run_id]
