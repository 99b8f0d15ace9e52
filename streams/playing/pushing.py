"""Frames pushed to an ASGI server's `send`."""

import asyncio
import logging
import math
import time
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from streams.core.stepping import finish
from streams.playing.run import Run
from streams.playing.scheduler import get_scheduler
from streams.playing.shutdown import clock
from streams.playing.writing import find_writer

logger = logging.getLogger("streams")

_playing: "set[Pusher]" = set()

# A `send` that ends like this has not cancelled whoever called it.
_FAILURES = (Exception, asyncio.CancelledError)


class Pusher:
    """Plays one run by stepping the server's `send` itself.

    As long as the client reads, `send` has nothing to wait for, and an event costs no
    task, no future and no switch between them. A `send` that has to wait goes on in a
    task of its own, and the stream with it: a slow reader slows itself alone.
    """

    __slots__ = (
        "__weakref__",
        "_blocked",
        "_context",
        "_loop",
        "_max_seconds",
        "_run",
        "_scheduler",
        "_send",
        "_silent",
        "_step",
        "_task",
        "_timer",
        "_write",
        "due",
        "finished",
        "on_finish",
    )

    def __init__(
        self,
        run: Run,
        send: Callable[[dict[str, Any]], Any],
        context: Context,
        max_seconds: float | None,
    ) -> None:
        self._run = run
        self._send = send
        self._write = find_writer(send)
        # In which the server's `send`, and whatever wraps it, runs.
        self._context = context
        self._step = context.run
        self._max_seconds = max_seconds
        self._loop = asyncio.get_running_loop()
        # In whose name `send` is stepped: what wraps it may ask for its task. (Python's
        # documentation, "Extending", names the two functions that say so.)
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._scheduler = get_scheduler()
        self._blocked: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._silent = False
        """Whether nothing may be sent now: one waits, or was the last."""
        self.due = 0.0
        self.finished = False
        self.on_finish: Callable[[], object] | None = None

    def begin(self) -> None:
        """Send what is due at once, and the rest in time."""
        run = self._run
        frame = run.begin()
        run.on_change = self._change
        _playing.add(self)
        if clock.stopped:
            frame += run.goodbye()
        elif not run.ended and run.wait() <= 0:
            frame += run.advance()
        self._push(frame)

    def take(self, now: float) -> bytes:
        """Return what is due. For the scheduler."""
        return b"" if self._silent else self._run.advance(now)

    def push(self, frame: bytes) -> float | None:
        """Send what `take` has returned; return when there is more, None where that is
        seen to. For the scheduler."""
        run = self._run
        if self._silent:
            return None
        if not frame or run.ended:
            self._push(frame)
            return None
        if self._write is not None and self._write(frame):
            return run.next_at
        # What `_push` does, written out for the usual case: this is done for every
        # event of every stream.
        loop, task = self._loop, self._task
        _enter_task(loop, task)
        try:
            sending = self._send(
                {"type": "http.response.body", "body": frame, "more_body": True}
            )
            waits_for = self._step(sending.send, None)
        except StopIteration:
            return run.next_at
        except _FAILURES:
            self._fail()
        else:
            self._wait(sending, waits_for)
        finally:
            _leave_task(loop, task)
        return None

    def say_goodbye(self) -> None:
        """End, because the server stops."""
        if not self._silent:
            self._push(self._run.goodbye())

    def cut(self) -> None:
        """Send no more: the client is gone, or nothing is left to send."""
        if self.finished:
            return
        self.finished = self._silent = True
        _playing.discard(self)
        blocked, self._blocked = self._blocked, None
        if blocked is not None:
            blocked.cancel()
        if self._timer is not None:
            self._timer.cancel()
        # Whose log of the end it is, a handler may want to know. A run that is closed
        # does not know its player any more.
        self._step(self._run.close)
        if self.on_finish is not None:
            self.on_finish()

    def _push(self, frame: bytes) -> None:
        """Send a frame, which may be empty, and see when there will be more."""
        ends = self._run.ended and not self._run.dropped
        if self._run.ended:
            self._silent = True
        if not frame and not ends:
            self._go_on()
            return
        message = {"type": "http.response.body", "body": frame, "more_body": not ends}
        loop, task = self._loop, self._task
        # `begin` is called by the task itself.
        called_back = asyncio.current_task(loop) is None
        if called_back:
            _enter_task(loop, task)
        try:
            sending = self._send(message)
            waits_for = self._step(sending.send, None)
        except StopIteration:
            self._go_on()
        except _FAILURES:
            self._fail()
        else:
            self._wait(sending, waits_for)
        finally:
            if called_back:
                _leave_task(loop, task)

    def _fail(self) -> None:
        # Servers have errors of their own for a client that is gone.
        logger.debug("an event could not be sent", exc_info=True)
        self.cut()

    def _go_on(self) -> None:
        run = self._run
        if run.ended:
            self.cut()
            return
        seconds = run.wait()
        if seconds != math.inf:
            when = time.monotonic() + seconds if seconds else 0.0
            self._scheduler.wake(self, when)

    def _change(self) -> None:
        if not self._silent:
            self._go_on()

    def _wait(self, sending: Coroutine[Any, Any, None], waits_for: Any) -> None:
        """Let a task wait for a reader who is slow."""
        rest = finish(sending, waits_for)
        self._silent = True
        self._blocked = self._loop.create_task(rest, context=self._context)
        self._blocked.add_done_callback(self._unblock)
        if self._max_seconds is not None and self._timer is None:
            left = self._max_seconds - self._run.elapsed
            self._timer = self._loop.call_later(max(0.0, left), self.cut)

    def _unblock(self, task: "asyncio.Task[None]") -> None:
        # An error that nobody looks at would be logged.
        failed = not task.cancelled() and task.exception() is not None
        if task.cancelled() or self.finished:
            return
        self._blocked, self._silent = None, False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if failed:
            self.cut()
        elif clock.stopped and not self._run.ended:
            self.say_goodbye()
        else:
            self._go_on()


def count_playing() -> int:
    """Return how many runs are pushed in this process."""
    return len(_playing)


def _say_goodbye_to_all() -> None:
    for pusher in list(_playing):
        pusher.say_goodbye()


clock.on_stop(_say_goodbye_to_all)
