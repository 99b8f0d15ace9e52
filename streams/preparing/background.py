"""A thread that looks things up while nobody waits for it.

It keeps its database connection as long as there is something to do every moment: to
open one takes longer than to ask it.
"""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from streams.http import release_connections

logger = logging.getLogger("streams")

IDLE_SECONDS = 0.5
"""How long the thread, and its connection, are kept for what comes next."""

Work = Callable[[], object]


class Background:
    """Does one thing after another, in a thread that is there while it is needed."""

    def __init__(self) -> None:
        self._todo: SimpleQueue[Work] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def do(self, work: Work) -> None:
        """Have something done soon. Its errors are logged."""
        with self._lock:
            self._todo.put(work)
            if self._thread is None:
                # At the end of the process nobody waits for it.
                self._thread = threading.Thread(
                    target=self._work, name="streams-lookup", daemon=True
                )
                self._thread.start()

    def _work(self) -> None:
        try:
            while True:
                try:
                    work = self._todo.get(timeout=IDLE_SECONDS)
                except Empty:
                    with self._lock:
                        if self._todo.empty():
                            self._thread = None
                            return
                    continue
                try:
                    work()
                except Exception:
                    # Whoever asks next meets it, and tells it.
                    logger.debug("a look-up failed in the background", exc_info=True)
                    release_connections()
        finally:
            release_connections()


background = Background()
