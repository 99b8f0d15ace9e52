"""How long streams last whose jitter nobody knows yet."""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from operator import sub
from typing import Any

from streams.core.pacing import Pacing
from streams.core.steps import Steps

SURE = 2.58
"""Standard deviations around the mean that hold 99 of 100 sums of many draws. Of sums
of few, which stay nearer to their mean, they hold more."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """Seconds that a stream lasts: what is to be expected, and within which it stays in
    99 runs of 100."""

    expected: float
    least: float
    most: float


def lasting(
    lasts: float, steps: Steps, count: int, pacing: Pacing, seed: int
) -> Lasting:
    """Say what other seeds make of a stream that lasts so many seconds with this one.

    `count` is how many of its steps are played. Each delay strays by itself and evenly,
    so their sum is a matter of its mean and variance: nothing is played, and no other
    seed is tried.
    """
    if not count:
        return Lasting(lasts, lasts, lasts)
    changed: tuple[dict[str, Any], ...] = ({"jitter": 0, "delay": 0}, {"jitter": 0}, {})
    fixed, steady, jittered = (
        replace(pacing, **changes).due(
            count,
            pauses=steps.pauses,
            gaps=steps.gaps,
            speeds=steps.speeds,
            instant=steps.directions,
            seed=seed,
        )
        for changes in changed
    )
    expected = lasts - (jittered[-1] - steady[-1])
    # What each step waits that jitter may stretch: no pause, and no recorded gap.
    sums = [0.0, *map(sub, steady, fixed)]
    squares = sum((after - before) ** 2 for before, after in pairwise(sums))
    farthest = pacing.jitter * sums[-1]
    # A number drawn evenly from -1 to 1 has a variance of a third.
    stray = min(SURE * pacing.jitter * sqrt(squares / 3), farthest)
    return Lasting(expected, expected - stray, expected + stray)
