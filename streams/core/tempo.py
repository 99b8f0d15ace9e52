"""A clock that a listener may slow down, hurry, hold or stop."""

import asyncio

from streams.core.playback import Clock
from streams.exceptions import StreamsError

_HOLD = 3600.0
"""Seconds after which a held clock looks again."""


class Stopped(StreamsError):
    """Raised into whatever waits for a time that will not come."""


class Tempo:
    """Time as a stream knows it: that of another clock, at a speed that can change."""

    def __init__(self, clock: Clock, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = speed
        self._held = False
        self._stopped = False
        self._since = clock.now()
        self._passed = 0.0
        self._changed = asyncio.Event()

    def now(self) -> float:
        return self._passed + (self._clock.now() - self._since) * self._rate

    async def sleep(self, seconds: float) -> None:
        """Wait for that much of the stream's time, however it changes meanwhile."""
        self._raise_if_stopped()
        if seconds <= 0:
            await self._clock.sleep(0)
            self._raise_if_stopped()
            return
        until = self.now() + seconds
        while (left := until - self.now()) > 1e-6:
            self._changed.clear()
            await self._sleep_or_change(left / self._rate if self._rate else _HOLD)
            self._raise_if_stopped()

    def set_speed(self, speed: float) -> None:
        """Change the speed from here on."""
        self._settle()
        self._speed = speed

    def hold(self) -> None:
        """Let time stand still."""
        self._settle()
        self._held = True

    def release(self) -> None:
        """Let time go on."""
        self._settle()
        self._held = False

    def stop(self) -> None:
        """Raise Stopped in every sleep, now and from now on."""
        self._stopped = True
        self._settle()

    def _raise_if_stopped(self) -> None:
        if self._stopped:
            raise Stopped

    @property
    def _rate(self) -> float:
        return 0.0 if self._held else self._speed

    def _settle(self) -> None:
        self._passed, self._since = self.now(), self._clock.now()
        self._changed.set()

    async def _sleep_or_change(self, seconds: float) -> None:
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        change = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((sleep, change), return_when=asyncio.FIRST_COMPLETED)
            if sleep.done():
                # What the clock raised, such as ServerStops, is for whoever waits.
                sleep.result()
        finally:
            sleep.cancel()
            change.cancel()
