"""A goodbye to every stream before the server stops.

ASGI servers cut open streams on SIGTERM, or wait for them until they are killed. With
`STREAMS["DRAIN_ON_SIGTERM"]`, the signal first ends every stream of the process: each
client is told to come back soon and gets a clean end. Then the server's own handler
has its turn.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from streams.conf import conf
from streams.core.playback import MonotonicClock

GRACE = 0.5
"""Seconds from the goodbyes to the server's own handler: time for them to leave."""

clock = MonotonicClock()
"""What every run of this process waits on."""

_Handler = Callable[[int, FrameType | None], object] | int | None


class _Drain:
    """Stands before the server's handler of SIGTERM."""

    def __init__(self) -> None:
        self.installed = False
        self.begun = False
        self._server: _Handler = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def install(self) -> None:
        """Take the signal over, once; it must happen in the main thread."""
        if self.installed or threading.current_thread() is not threading.main_thread():
            return
        self.installed = True
        self._loop = asyncio.get_running_loop()
        self._server = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # A second signal means now.
        if self.begun or self._loop is None or self._loop.is_closed():
            self._let_the_server_stop(number)
            return
        self.begun = True
        self._loop.call_soon_threadsafe(self._end_streams, number)

    def _end_streams(self, number: int) -> None:
        clock.stop()
        assert self._loop is not None
        self._loop.call_later(GRACE, self._let_the_server_stop, number)

    def _let_the_server_stop(self, number: int) -> None:
        if callable(self._server):
            self._server(number, None)
        elif self._server != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


drain = _Drain()


def prepare_for_sigterm() -> None:
    """Install the goodbye where the site asked for it. Call it from the event loop."""
    if conf.drain_on_sigterm:
        drain.install()
