"""One playing of a plan to one client, and what can happen to it on the way."""

import time
from collections.abc import Callable

from streams import control
from streams.core.acts import ON_THE_NEXT, Act, Acting
from streams.core.playback import TICK
from streams.formats.breaking import divide
from streams.formats.failures import find_failure
from streams.playing.holding import Holding

SPLIT_S = 0.05
"""Seconds between the halves of an event that is divided: time enough for the first to
reach a client by itself."""

_ORIGINS = {"": "script", "override": "override", "control": "control"}


class Run(Holding):
    """Turns a plan into bytes, in time, and knows how it ended.

    It does not wait and does not send. Whoever plays it calls `begin`, then `advance`
    after every `wait`, until it has `ended`; and `close` at last, whatever happens. An
    error becomes the format's own error event and a clean end, because an exception in
    the middle of a response breaks the server (Daphne 4.2 stops reaping closed
    streams).

    Somebody else may hold, step, stop or drop it meanwhile, on the event loop that
    plays it: `on_change` tells whoever waits.
    """

    __slots__ = ("_ending", "_on_next", "_reordered", "_rest", "_rest_at")

    def _set_up(self) -> None:
        super()._set_up()
        self._ending: Callable[[], bytes] | None = None
        """What ends it, as somebody else wants."""
        self._on_next: list[tuple[Act, str]] = []
        """What is to be done to the next frame, and how that is noted."""
        self._reordered = b""
        """A frame that waits for the one after it to leave first."""
        self._rest = b""
        """The second half of a frame, which leaves alone."""
        self._rest_at = 0.0
        control.add(self)

    def close(self) -> None:
        over = self._began and not self._closed
        super().close()
        if over:
            control.remove(self)

    def stop(self, at: int | None = None) -> None:
        """End it as its format ends what a caller stops; `at` seconds of the epoch."""
        stopped = int(time.time()) if at is None else at

        def end() -> bytes:
            self._end("stopped")
            return self._writer.stopped(stopped)

        self._end_by(end)

    def drop(self) -> None:
        """Cut the connection, without any end."""

        def end() -> bytes:
            self.tally.faults.append(self._note(Act.DROP, "control"))
            self._drop()
            return b""

        self._end_by(end)

    def _end_by(self, end: Callable[[], bytes]) -> None:
        if not self.ended:
            self._ending = end
            self._change()

    def _set_next(self) -> None:
        super()._set_next()
        if self._ending is not None:
            self._aside, self.next_at = True, 0.0
        elif self._rest:
            self._aside, self.next_at = True, self._rest_at

    def _go_aside(self, now: float) -> bytes:
        """Do what is due and not in the plan."""
        if self._ending is not None:
            return self._kept_back() + self._ending()
        frame = b""
        if not self._rest:
            frame = super()._go_aside(now)
        elif now >= self._rest_at - TICK:
            frame, self._rest = self._rest, b""
        self._set_next()
        return frame

    def _play_alone(self, now: float) -> bytes:
        """Play the step that was taken: it acts, or something is done to it."""
        step = self._steps[self._playback.index - 1]
        acting = step.direction.value if step.direction else None
        if isinstance(acting, Acting):
            frame = self._act(acting, now)
        else:
            frame = self._writer.step(step)
            if frame:
                frame = self._do_to(frame, now)
                if step.direction is None:
                    self._count_down(now)
        again = self._left is not None or bool(self._on_next or self._reordered)
        self._playback.take_alone(again)
        return frame

    def _act(self, acting: Acting, now: float) -> bytes:
        act, note = acting.act, self._note(acting.act, acting.fault)
        if act in ON_THE_NEXT:
            self._on_next.append((act, note))
            return b""
        if act in (Act.DROP, Act.TRUNCATE) and self._goes_on_from(acting):
            return b""
        frame = self._kept_back()
        if act is Act.HOLD:
            self._hold = self._new_hold(acting.name, now=now)
            return frame
        self.tally.faults.append(note)
        match act:
            case Act.STALL:
                self._playback.fall_silent()
            case Act.EMIT:
                data = acting.data
                if not self.format.divisible:
                    data = data.decode("utf-8", "replace").encode()
                frame += data
            case Act.DROP:
                self._drop()
            case Act.TRUNCATE:
                self._end("truncated on purpose")
            case Act.ERROR:
                self._end("failed on purpose")
                message = find_failure(acting.name).message
                frame += self._writer.error(message, acting.name)
        return frame

    def _goes_on_from(self, acting: Acting) -> bool:
        """Tell whether this is what broke the stream that this one goes on with.

        It would break it again, and for ever, before anything was said.
        """
        steps, index = self.plan.steps, self._playback.index - 1
        before = [steps.directions.get(i) for i in range(index)]
        if acting.always or not all(d and isinstance(d.value, Acting) for d in before):
            return False
        first = steps.directions[0].value
        # What was put in has no position of its own.
        counts = isinstance(first, Acting) and not first.fault
        return steps.positions[0] - counts > 0

    def _do_to(self, frame: bytes, now: float) -> bytes:
        """Do to a frame what is to be done to the next one."""
        first, self._reordered = self._reordered, b""
        waiting, self._on_next = self._on_next, []
        swap = not first and any(act is Act.REORDER for act, _ in waiting)
        copies, divided = 1, False
        for act, note in waiting:
            if swap and act in (Act.REORDER, Act.SPLIT):
                # Noted, or done, once the frame has come that leaves first.
                self._on_next.append((act, note))
                continue
            if act is Act.MALFORMED:
                frame = self._writer.malformed(frame)
            elif act is Act.DUPLICATE:
                copies += 1
            elif act is Act.SPLIT:
                if not self.format.divisible:
                    continue
                divided = True
            self.tally.faults.append(note)
        frame *= copies
        if swap:
            self._reordered = frame
            return b""
        if divided:
            frame, rest = divide(frame)
            self._rest, self._rest_at = rest + first, now + SPLIT_S
            return frame
        return frame + first

    def _drop(self) -> None:
        self._end("dropped on purpose")
        self.dropped = True

    def _kept_back(self) -> bytes:
        kept = self._rest + self._reordered
        self._rest = self._reordered = b""
        return kept

    def _note(self, act: Act, fault: str) -> str:
        source = _ORIGINS.get(fault, f"fault: {fault}")
        return f"{act} after event {self._chunks} ({source})"
