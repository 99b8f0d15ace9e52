"""Delay, time to first token, jitter and speed → when each step is due."""

from array import array
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How fast a script is spoken; times in seconds."""

    delay: float = 0.03
    """From one step to the next (inter-token latency)."""
    ttft: float = 0.0
    """From the start to the first step (time to first token)."""
    jitter: float = 0.0
    """How far a delay may stray either way, as a fraction of it: 0 to 1."""
    speed: float = 1.0
    """Divides every time, pauses too."""

    def due(
        self,
        count: int,
        *,
        pauses: Mapping[int, float] | None = None,
        instant: Container[int] = (),
        seed: int = 0,
    ) -> "array[float]":
        """Return when each of `count` steps is due, in seconds from the start.

        `pauses` holds the extra seconds before a step; a step in `instant` follows the
        one before it without a delay. The same seed gives the same
        times on any machine: Python keeps `random()` of a seeded generator stable
        (documentation of `random`, "Notes on reproducibility").
        """
        gaps = self._gaps(count, instant, seed)
        if pauses:
            gaps = (gap + pauses.get(i, 0.0) for i, gap in enumerate(gaps))
        return array("d", (seconds / self.speed for seconds in accumulate(gaps)))

    def _gaps(self, count: int, instant: Container[int], seed: int) -> Iterator[float]:
        random = Random(seed).random
        begun = False  # whether anything but directions was due
        for index in range(count):
            if index == 0:
                yield self.ttft
            elif index in instant or not begun:
                yield 0.0
            elif self.jitter:
                yield self.delay * (1 + self.jitter * (2 * random() - 1))
            else:
                yield self.delay
            begun = begun or index not in instant
