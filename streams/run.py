"""One playing of a plan to one client."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from itertools import accumulate
from weakref import WeakSet

from streams.core.plan import Plan
from streams.core.playback import Clock, ServerStops, play
from streams.core.tempo import Stopped, Tempo
from streams.exceptions import StreamsError
from streams.formats.base import Context, Format

logger = logging.getLogger("streams.runs")


_stoppable: "WeakSet[Run]" = WeakSet()


class _TooLarge(StreamsError):
    pass


class Run:
    """Turns a plan into bytes, in time, and knows how it ended."""

    def __init__(
        self,
        plan: Plan,
        wire_format: Format,
        context: Context,
        *,
        clock: Clock,
        heartbeat: float | None = None,
        max_bytes: int | None = None,
        on_begin: Callable[[], None] = lambda: None,
        on_end: Callable[[], None] = lambda: None,
        stoppable: bool = False,
    ) -> None:
        self.plan = plan
        self.format = wire_format
        self.context = context
        self.heartbeat = heartbeat
        self.clock: Clock = clock
        self.max_bytes = max_bytes
        self.on_begin = on_begin
        self.on_end = on_end
        self.steps_sent = 0
        self.bytes_sent = 0
        self.outcome = "cut"
        self._halted = False
        if stoppable:
            # A wait that can be cut short costs two tasks more.
            self.clock = self.tempo = Tempo(clock)
            self._ended = asyncio.Event()
            self._ended_at = 0
            _stoppable.add(self)

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Yield what goes over the wire, each write as it is due.

        Nothing but cancellation leaves this generator early: an error becomes the
        format's own error event and a clean end, because an exception in the middle
        of a response breaks the server (Daphne 4.2 stops reaping closed streams).
        """
        self.on_begin()
        started = self.clock.now()
        context = self.context
        writer = self.format.writer(context)
        step = writer.step
        try:
            yield self._sent(writer.opening())
            batches = play(self.plan, clock=self.clock, heartbeat=self.heartbeat)
            async with aclosing(batches):
                async for batch in batches:
                    if self._halted:
                        raise Stopped
                    frame = (
                        self.format.heartbeat
                        if not batch
                        else self._join([step(one) for one in batch])
                    )
                    self.steps_sent += len(batch)
                    if frame:
                        yield self._sent(frame)
                        if self.max_bytes and self.bytes_sent > self.max_bytes:
                            raise _TooLarge
            self.outcome = "completed"
            yield self._sent(writer.closing())
        except _TooLarge:
            self.outcome = "ended at the limit"
            message = f"Stopped at the limit of {self.max_bytes:,} bytes."
            yield self._sent(writer.error(message))
        except Stopped:
            self.outcome = "stopped"
            await self._ended.wait()
            yield self._sent(writer.stopped(self._ended_at))
        except ServerStops:
            self.outcome = "ended by the server's stop"
            yield self._sent(writer.goodbye())
        except Exception:
            self.outcome = "failed"
            logger.exception("run %s of %s failed", context.run_id, context.slug)
            message = f"This stream failed on the server, as run {context.run_id}."
            yield self._sent(writer.error(message))
        finally:
            self.on_end()
            logger.info(
                "run %s of %s (%s): %s after %.3f s, %d of %d steps, %d bytes",
                context.run_id,
                context.slug,
                self.format.name,
                self.outcome,
                self.clock.now() - started,
                self.steps_sent,
                len(self.plan.steps),
                self.bytes_sent,
            )

    def halt(self) -> None:
        """Send no more steps. For runs made stoppable."""
        self._halted = True
        self.tempo.stop()

    def end(self, at: int) -> None:
        """Say that the run was stopped, `at` seconds of the epoch."""
        self._ended_at = at
        self._ended.set()

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
