"""One playing of a plan to one client."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from streams.core.plan import Plan
from streams.core.playback import Clock, ServerStops, play
from streams.exceptions import StreamsError
from streams.formats.base import Context, Format

logger = logging.getLogger("streams.runs")


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
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.plan = plan
        self.format = wire_format
        self.context = context
        self.heartbeat = heartbeat
        self.clock = clock
        self.max_bytes = max_bytes
        self.on_end = on_end
        self.steps_sent = 0
        self.bytes_sent = 0
        self.outcome = "cut"

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Yield what goes over the wire, each write as it is due.

        Nothing but cancellation leaves this generator early: an error becomes the
        format's own error event and a clean end, because an exception in the middle
        of a response breaks the server (Daphne 4.2 stops reaping closed streams).
        """
        started = self.clock.now()
        context = self.context
        writer = self.format.writer(context)
        step = writer.step
        try:
            yield self._sent(writer.opening())
            batches = play(self.plan, clock=self.clock, heartbeat=self.heartbeat)
            async with aclosing(batches):
                async for batch in batches:
                    frame = b"".join([step(one) for one in batch])
                    if frame := frame if batch else self.format.heartbeat:
                        self.steps_sent += len(batch)
                        yield self._sent(frame)
                        if self.max_bytes and self.bytes_sent > self.max_bytes:
                            raise _TooLarge
            self.outcome = "completed"
            yield self._sent(writer.closing())
        except _TooLarge:
            self.outcome = "ended at the limit"
            message = f"Stopped at the limit of {self.max_bytes:,} bytes."
            yield self._sent(writer.error(message))
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

    def _sent(self, frame: bytes) -> bytes:
        self.bytes_sent += len(frame)
        return frame
