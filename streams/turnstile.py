"""Streams are set up one after another, and those that play have their turn between."""

import asyncio
from collections import deque
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from streams.core.per_loop import PerLoop
from streams.playing.lane import Lane
from streams.playing.pushing import count_playing

PATIENCE = 0.03
"""Seconds for which one is alone inside, at most: it may only wait, for a database,
say, and then nobody gains from waiting for it. Beside many streams that play, three
milliseconds of work take ten and more."""

MANY = 16
"""Waiting ones from which on the patience is less: half of it for twice as many. Where
more come than can be set up beside those that play, both are late, and nobody waits
for ever."""


class Turnstile:
    """Lets one in at a time, in order of arrival.

    All that set up streams run Python in threads of their own, and only one can at a
    time. A dozen that try to would share the processor evenly with the event loop,
    which plays for everybody else. While nothing plays, all may enter.
    """

    def __init__(self) -> None:
        self._waiting: deque[Turn] = deque()
        self._inside: Turn | None = None
        self._timer: asyncio.TimerHandle | None = None

    def turn(self, lane: Lane) -> "Turn":
        """Return a request's turn, which lasts as long as it is open as a context, or
        until something of it waits."""
        return Turn(self, lane)

    def enter(self, turn: "Turn") -> "asyncio.Future[None] | None":
        """Let somebody in, or return what they have to wait for."""
        if self._inside is None or not count_playing():
            self._let_in(turn)
            return None
        turn.waits = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        return turn.waits

    def leave(self, turn: "Turn") -> None:
        """Let the next one in, unless somebody is in already."""
        if self._inside is not turn:
            return
        self._inside = None
        self._stop_timer()
        while self._waiting:
            following = self._waiting.popleft()
            waits = following.waits
            # Who was cancelled does not come any more.
            if waits is not None and not waits.done():
                self._let_in(following)
                waits.set_result(None)
                break

    def _let_in(self, turn: "Turn") -> None:
        self._inside = turn
        self._stop_timer()
        loop = asyncio.get_running_loop()
        patience = PATIENCE * min(1.0, MANY / max(1, len(self._waiting)))
        self._timer = loop.call_later(patience, self.leave, turn)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Turn(AbstractAsyncContextManager[None]):
    """Somebody's way through a turnstile."""

    __slots__ = ("_lane", "_turnstile", "waits")

    def __init__(self, turnstile: Turnstile, lane: Lane) -> None:
        self._turnstile = turnstile
        self._lane = lane
        self.waits: asyncio.Future[None] | None = None

    async def __aenter__(self) -> None:
        self._lane.on_wait = self._end
        waits = self._turnstile.enter(self)
        if waits is not None:
            try:
                await waits
            except asyncio.CancelledError:
                # Let in at the same moment, perhaps.
                self._end()
                raise

    async def __aexit__(
        self,
        exc: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._lane.on_wait = None
        self._end()

    def _end(self) -> None:
        # It may have ended before.
        self._turnstile.leave(self)


_turnstiles = PerLoop(Turnstile)


def get_turnstile() -> Turnstile:
    """Return the turnstile of the running event loop."""
    return _turnstiles.here()
