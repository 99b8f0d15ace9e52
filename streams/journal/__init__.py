"""The journal: every run recorded, and never in the way of a stream.

    entry = Entry(run_id=…, stream=…, …)
    begin(entry)
    entry.steps, entry.bytes = …    # as it plays
    entry.outcome = "completed"
    end(entry)

Notes are taken in about a microsecond; a thread writes them, twice a second while
there are any. `docs/journal.md` says what is kept, and what never is.
"""

import atexit
import os

from streams.journal.entry import Entry
from streams.journal.writer import Writer

__all__ = ["Entry", "begin", "close", "end", "flush"]

LONGEST_CLOSE = 5.0
"""Seconds for which the end of a process waits for the database."""

_writer = Writer()


def begin(entry: Entry) -> None:
    """Note that a run began. Nothing is raised, and nothing waited for."""
    _writer.begin(entry)


def end(entry: Entry) -> None:
    """Note that it ended; the entry does not change any more."""
    _writer.end(entry)


def flush(timeout: float = LONGEST_CLOSE) -> bool:
    """Wait, at most so many seconds, for all so far; tell whether it is written."""
    return _writer.flush(timeout)


def close(timeout: float = LONGEST_CLOSE) -> None:
    """Write what is left: this process plays nothing any more. For a clean stop."""
    _writer.close(timeout)


def _start_anew() -> None:
    """Give a forked process its own writer: what waits is its parent's to write."""
    global _writer
    _writer = Writer()


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
