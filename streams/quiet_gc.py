"""Python's garbage collector, at moments of our choosing.

A full collection looks at every object of the process and stops everything for 100 ms
and more: with a thousand streams, that is what makes events late. With
`STREAMS["QUIET_GC"]`, only what is new is looked at while streams play; the rest waits
for a quiet moment, or until there is too much of it.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from typing import Protocol

from streams.conf import conf

WARM_AFTER = 5.0
"""Seconds from the first stream to the moment at which what a site needs is loaded."""

TICK = 0.25
"""Seconds from one look at all this to the next; while streams play, what is new is
collected at each, and what outlives that is left alone. At eighty new streams a second,
that takes three milliseconds; every ten seconds, it took sixty and more."""

QUIET_AFTER = 1.0
"""Seconds without a stream that make a quiet moment."""

THRESHOLDS = (10_000, 10, 1_000_000)
"""New objects that Python looks at by itself, before the next tick does; at all never
(`gc.set_threshold`)."""

ROOM = 1_000_000
"""Pieces of memory that may come into use before all objects are looked at, beside as
many as there were after the last time. Below a hundred megabytes, as a rule."""


class Garbage(Protocol):
    """What is used of the module `gc`."""

    def collect(self, generation: int = ..., /) -> int: ...
    def freeze(self) -> None: ...
    def unfreeze(self) -> None: ...
    def get_threshold(self) -> tuple[int, int, int]: ...
    def set_threshold(
        self, young: int, middle: int = ..., old: int = ..., /
    ) -> None: ...


class QuietGC:
    """Decides what is collected when. Knows the time only from `tick`.

    `count_blocks` tells how many pieces of memory Python has in use. `gc` could count
    what is frozen, but walks through all of it: fourteen milliseconds in a site.
    """

    def __init__(
        self,
        garbage: Garbage,
        count_blocks: Callable[[], int] = sys.getallocatedblocks,
    ) -> None:
        self._gc = garbage
        self._count_blocks = count_blocks
        self._usual: tuple[int, int, int] | None = None
        """The thresholds that hold while nothing plays; None: they hold now."""
        self.playing = 0
        """Streams that play."""
        self._begun = False
        """Whether one began since the last tick; it may have ended since."""
        self._first: float | None = None
        self._warm = False
        self._busy = 0.0
        self._kept = 0
        """Pieces of memory in use after the last full collection."""
        self._settled = True

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do until the next stream."""
        return self._settled and not self.playing

    def begin(self) -> None:
        self.playing += 1
        self._begun = True
        self._settled = False
        if self._warm:
            self._be_quiet()

    def end(self) -> None:
        self.playing -= 1

    def tick(self, now: float) -> None:
        """Do what is due; to be called every TICK seconds, by any clock."""
        if self._first is None:
            self._first = now
        if self.playing or self._begun:
            self._busy, self._begun = now, False
        if not self._warm:
            if now - self._first >= WARM_AFTER or not self.playing:
                self._be_quiet()
                self._warm = True
                self._collect_all()
        elif now - self._busy >= QUIET_AFTER:
            self._collect_all()
            self._settled = True
            self._be_usual()
        else:
            self._gc.collect(0)
            # What is frozen is passed over from now on; it is still freed when nothing
            # refers to it.
            self._gc.freeze()
            if self._count_blocks() > 2 * self._kept + ROOM:
                # Cycles of objects that were frozen in use are found here only.
                self._collect_all()

    def _be_quiet(self) -> None:
        if self._usual is None:
            self._usual = self._gc.get_threshold()
            self._gc.set_threshold(*THRESHOLDS)

    def _be_usual(self) -> None:
        # Nobody ticks until the next stream, and a site makes garbage without any. A
        # full collection is short now: all that was there is frozen.
        if self._usual is not None:
            self._gc.set_threshold(*self._usual)
            self._usual = None

    def _collect_all(self) -> None:
        self._gc.unfreeze()
        self._gc.collect()
        self._gc.freeze()
        self._kept = self._count_blocks()


_policy = QuietGC(gc)
_ticking = False


def begin() -> None:
    """Say that a stream begins to play. From the event loop."""
    global _ticking
    if not conf.quiet_gc:
        return
    _policy.begin()
    if not _ticking:
        _ticking = True
        asyncio.get_running_loop().call_later(TICK, _tick)


def end() -> None:
    """Say that it ended."""
    if _policy.playing:
        _policy.end()


def _tick() -> None:
    global _ticking
    _policy.tick(time.monotonic())
    if _policy.settled:
        _ticking = False
    else:
        asyncio.get_running_loop().call_later(TICK, _tick)
