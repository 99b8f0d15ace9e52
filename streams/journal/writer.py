"""One writer per process: it takes notes of runs anywhere, and writes in a thread."""

import signal
import threading
import time
from collections import deque
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType

from streams.conf import conf
from streams.journal.batches import Batches
from streams.journal.entry import Entry
from streams.models.run import Run

INTERVAL = 0.5
"""Seconds in which a batch gathers."""

HURRY = 0.02
"""The same, once the server was told to stop."""

LINGER = 2.0
"""Seconds without a run after which the thread ends; the next run starts another."""


class Writer:
    """Streams and signal handlers wait for no lock of it: to append to a deque, to
    change a dict and to put into a SimpleQueue is atomic."""

    def __init__(self) -> None:
        self._batches = Batches()
        self._waiting: deque[Entry] = deque()
        # An event is set when all is written; None only wakes.
        self._calls: SimpleQueue[threading.Event | None] = SimpleQueue()
        self._callers: list[threading.Event] = []
        # Re-entrant: the garbage collector may end a run anywhere.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._idle = self._closing = self._hears_sigterm = False
        # When the server was told to stop.
        self._stopped: float | None = None

    @property
    def dropped(self) -> int:
        return self._batches.dropped

    # In any thread

    def begin(self, entry: Entry) -> None:
        """Note that a run began; or count it, where too many wait already."""
        if not conf.journal:
            return
        batches = self._batches
        if len(self._waiting) + len(batches.unwritten) >= conf.journal_queue:
            with self._lock:
                batches.dropped += 1
            return
        if entry.body:
            entry.body = entry.body[: conf.journal_bodies]
        batches.live[entry.number] = entry
        self._waiting.append(entry)
        if self._thread is None:
            self._start()
        elif self._idle:
            self._idle = False
            self._calls.put(None)

    def end(self, entry: Entry) -> None:
        """Note that it ended, however much waits: a run is recorded whole or not."""
        live = self._batches.live
        if entry.number not in live:
            return
        # In this order: the thread lives while either has something.
        self._waiting.append(entry)
        live.pop(entry.number, None)
        if self._stopped and not live:
            # Once nothing plays, uvicorn raises the signal again, which kills the
            # process: there is no later moment.
            self.flush(1)

    def flush(self, timeout: float) -> bool:
        """Wait, at most so many seconds, for all so far; tell whether it is written."""
        if self._thread is threading.current_thread():
            return False
        written = threading.Event()
        self._calls.put(written)
        if self._thread is None:
            return not self._waiting and not self._batches.unwritten
        return written.wait(timeout)

    def close(self, timeout: float) -> None:
        """Write what is left, and the end of all that plays: the process ends."""
        for entry in self._batches.live.copy().values():
            entry.outcome, entry.ended = Run.State.SERVER_STOPPED.value, time.time()
            self.end(entry)
        thread = self._thread
        if thread is not None:
            stopped, self._stopped = self._stopped, self._stopped or time.time()
            self._closing = True
            self._calls.put(threading.Event())
            thread.join(timeout)
            # A process may go on after all.
            self._closing, self._stopped = False, stopped

    def hurry(self) -> None:
        """Write without delay from now on: the server was told to stop."""
        self._stopped = self._stopped or time.time()
        if self._batches.live:
            self._calls.put(None)
        elif self._thread is not None:
            self.flush(0.5)

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            self._hear_sigterm()
            self._thread = threading.Thread(
                target=self._work, name="streams-journal", daemon=True
            )
            try:
                self._thread.start()
            except RuntimeError:  # At the interpreter's end there are no new threads.
                self._thread = None

    def _hear_sigterm(self) -> None:
        """Stand before the server's handler of SIGTERM, and leave the rest to it."""
        main = threading.current_thread() is threading.main_thread()
        server = signal.getsignal(signal.SIGTERM) if main else None
        # Without a handler, the process ends at once.
        if self._hears_sigterm or not callable(server):
            return
        self._hears_sigterm = True

        def handle(number: int, frame: FrameType | None) -> None:
            self.hurry()
            server(number, frame)

        with suppress(ValueError):  # Only the main interpreter may.
            signal.signal(signal.SIGTERM, handle)

    # In the writer's own thread

    def _work(self) -> None:
        batches = self._batches
        while True:
            # In this order, or a run that begins between the two would wait for long.
            self._idle = True
            busy = batches.live or self._waiting or batches.unwritten or batches.prunes
            self._idle = not busy
            if self._idle:
                batches.release()
            pace = HURRY if self._stopped else INTERVAL
            try:
                call = self._calls.get(timeout=LINGER if self._idle else pace)
            except Empty:
                if self._idle and self._leave():
                    return
                call = None
            else:
                if self._idle and call is None and not self._stopped:
                    continue  # A run began: a batch gathers from now on.
            self._turn(call)
            if self._closing and not batches.unwritten and self._leave():
                return

    def _leave(self) -> bool:
        """End the thread, unless something came in this moment."""
        self._thread = None
        if not self._batches.live and not self._waiting and self._calls.empty():
            return True
        with self._lock:
            if self._thread is None:
                self._thread = threading.current_thread()
        return self._thread is not threading.current_thread()

    def _turn(self, call: threading.Event | None) -> None:
        """Write a batch, and tell whoever waits for that."""
        if call is not None:
            self._callers.append(call)
        unwritten = self._batches.unwritten
        while self._waiting:
            entry = self._waiting.popleft()
            unwritten[entry.number] = entry
        self._batches.write(stopped=self._stopped, urgent=bool(self._callers))
        if not unwritten:
            while self._callers:
                self._callers.pop().set()
