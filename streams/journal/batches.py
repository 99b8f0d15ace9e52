"""What the writer's thread does with what waits: batch by batch into the database."""

import logging
import time
from contextlib import suppress
from itertools import islice

from django.db import DataError, IntegrityError

from streams.conf import conf
from streams.journal.entry import Entry
from streams.journal.rows import Rows
from streams.models.run import MOST_PRUNED, SEEN_EVERY

CHUNK = 100
"""Most rows in one transaction."""

MOST_REFRESHED = 20
"""Most runs whose figures are brought up to date with one batch, while they play: all
at once would hold up those that play for milliseconds."""

PRUNED_EVERY = 300.0
"""Seconds."""

LOGGED_EVERY = 60.0
"""Seconds from one complaint to the next."""

LONGEST_WAIT = 30.0
"""Seconds after which a database that failed is tried again, at the latest."""

REFUSED = (DataError, IntegrityError, ValueError, OverflowError)
"""What is raised for rows that the database will never take."""

logger = logging.getLogger("streams.journal")


class Batches:
    """Entries on their way. For one thread, but for what `begin` looks at."""

    def __init__(self) -> None:
        self.live: dict[int, Entry] = {}
        """What plays."""
        self.unwritten: dict[int, Entry] = {}
        """By number: a run that began and ended in one batch is one row."""
        self.dropped = 0
        """Runs that are not in the journal, for want of room or of a database."""
        self.prunes = False
        """Whether there is more to delete."""
        self._rows = Rows()
        self._stopped: float | None = None
        self._refreshed: dict[int, Entry] = {}
        """What plays and is to be brought up to date, in turn."""
        self._failures = self._logged = 0
        self._next_try = self._next_sign = self._next_prune = self._next_log = 0.0

    def write(self, *, stopped: float | None = None, urgent: bool = False) -> None:
        """Write what there is to write, if it is time to try. Nothing is raised.

        `stopped` is when this process was told to stop; something urgent is tried at
        once.
        """
        now = time.monotonic()
        if now < self._next_try and not urgent:
            return
        sign = bool(self.live) and now >= self._next_sign
        busy = self.unwritten or sign or self.prunes or self._refreshed
        idle = not busy and stopped == self._stopped
        if not idle:
            try:
                self._write(now, sign, stopped)
                self._succeed(now)
            except Exception as error:
                self._fail(now, error)
                idle = True
        if idle or urgent:
            # While batches follow one another they share a connection: to open one
            # costs as much as to write fifty rows.
            self.release()

    def release(self) -> None:
        """Let go of the database."""
        with suppress(Exception):
            self._rows.release()

    def _write(self, now: float, sign: bool, stopped: float | None) -> None:
        playing = len(self.live)
        self._rows.tell(playing=playing, dropped=self.dropped, stopped=stopped)
        self._stopped = stopped
        if sign:
            self._next_sign = now + SEEN_EVERY
            self._refreshed = self._refreshed or self.live.copy()
        self._refresh()
        entries = list(self.unwritten.values())
        for start in range(0, len(entries), CHUNK):
            chunk = entries[start : start + CHUNK]
            try:
                self._rows.write(chunk)
            except REFUSED:
                self._write_each(chunk)
            for entry in chunk:
                del self.unwritten[entry.number]
            time.sleep(0.001)  # It is the streams' turn.
        if stopped:
            self.prunes = False
        elif self.prunes or now >= self._next_prune:
            self._prune(now, len(entries))

    def _write_each(self, entries: list[Entry]) -> None:
        """Write one by one: what one of them has keeps no other out."""
        for entry in entries:
            try:
                self._rows.write([entry])
            except REFUSED:
                logger.exception("A run that cannot be recorded: %s.", entry.run_id)
                self.dropped += 1

    def _prune(self, now: float, written: int) -> None:
        """Delete more than was written just now, or the table would grow under load."""
        for _ in range(2 * written // MOST_PRUNED + 1):
            self.prunes = self._rows.prune()
            if not self.prunes:
                self._next_prune = now + PRUNED_EVERY
                return
            time.sleep(0.001)

    def _refresh(self) -> None:
        """Add some of what plays, to be written as it is now; next time, others."""
        for number in list(islice(self._refreshed, MOST_REFRESHED)):
            entry = self._refreshed.pop(number)
            if number in self.live:
                self.unwritten[number] = entry

    def _fail(self, now: float, error: Exception) -> None:
        self._failures += 1
        self._next_try = now + min(0.5 * 2**self._failures, LONGEST_WAIT)
        if self._failures == 1:
            logger.warning(
                "The journal cannot be written: %r. Streams go on; at most %d runs wait"
                " for the database.",
                *(error, conf.journal_queue),
            )

    def _succeed(self, now: float) -> None:
        if self._failures:
            logger.warning("The journal is written again.")
        self._failures, self._next_try = 0, 0.0
        if self.dropped > self._logged and now >= self._next_log:
            self._logged, self._next_log = self.dropped, now + LOGGED_EVERY
            logger.warning("Runs that the journal lacks: %d.", self.dropped)
