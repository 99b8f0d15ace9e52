"""Delay, time to first token, jitter and speed → when each step is due."""

from array import array
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, repeat
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
        gaps: Mapping[int, float] | None = None,
        speeds: Mapping[int, float] | None = None,
        instant: Container[int] = (),
        seed: int = 0,
    ) -> "array[float]":
        """Return when each of `count` steps is due, in seconds from the start.

        `pauses` holds the extra seconds before a step; a step in `instant` follows the
        one before it without a delay. `gaps` holds recorded seconds before a step, in
        place of the delay or of the time to first token; `speeds` what divides them all
        but the pauses, from a step on. The same seed gives the same times on any
        machine: Python keeps `random()` of a seeded generator stable (documentation of
        `random`, "Notes on reproducibility").
        """
        times = self._gaps(count, instant, gaps or {}, seed)
        if speeds:
            times = _sped(times, speeds)
        if pauses:
            times = (time + pauses.get(i, 0.0) for i, time in enumerate(times))
        return array("d", (seconds / self.speed for seconds in accumulate(times)))

    def _gaps(
        self, count: int, instant: Container[int], gaps: Mapping[int, float], seed: int
    ) -> Iterator[float]:
        random = Random(seed).random
        if not count:
            return
        # Whatever comes before the first step that takes time comes with it.
        first = next((index for index in range(count) if index not in instant), 0)
        if first in gaps:
            # A recording says itself when what came before came: with pauses.
            yield from repeat(0.0, first)
            yield gaps[first]
        else:
            yield self.ttft
            yield from repeat(0.0, first)
        delay, jitter = self.delay, self.jitter
        for index in range(first + 1, count):
            if index in instant:
                yield 0.0
            elif gaps and index in gaps:
                yield gaps[index]
            elif jitter:
                yield delay * (1 + jitter * (2 * random() - 1))
            else:
                yield delay


def _sped(times: Iterator[float], speeds: Mapping[int, float]) -> Iterator[float]:
    speed = 1.0
    for index, time in enumerate(times):
        speed = speeds.get(index, speed)
        yield time / speed
