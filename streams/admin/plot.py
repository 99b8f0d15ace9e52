"""Plots of a stream's days, as shapes of an SVG that any width stretches.

A drawing is as many units wide as there are days, and a hundred high, the top being 0.
Its words are outside of it, or they would be stretched with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.admin.statistics import Day, Fate

HEIGHT = 100

BAR = 0.8
"""Of a day's width."""

ORDER = (Fate.COMPLETED, Fate.MEANT, Fate.CUT, Fate.FAILED, Fate.PLAYING)
"""From below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A part of a day's bar: all that had one fate."""

    fate: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One percentile, day by day: a line, broken where there was nothing, and dots."""

    name: str
    path: str
    dots: str


def bars(days: Sequence[Day], top: float) -> list[Bar]:
    """Stack each day's runs by their fates; `top` is how many reach the top."""
    found = []
    for index, day in enumerate(days):
        below, fates = 0, day.fates
        for fate in ORDER:
            count = fates[fate]
            if not count:
                continue
            below += count
            found.append(
                Bar(
                    fate=fate.value,
                    x=_number(index + (1 - BAR) / 2),
                    y=_number(HEIGHT * (1 - below / top)),
                    width=_number(BAR),
                    height=_number(HEIGHT * count / top),
                )
            )
    return found


def line(name: str, values: Iterable[float | None], top: float) -> Line:
    """Draw what is known of the days; `top` is the value at the top."""
    path, dots, drawing = [], [], False
    for index, value in enumerate(values):
        if value is None:
            drawing = False
            continue
        point = f"{_number(index + 0.5)} {_number(HEIGHT * (1 - value / top))}"
        path.append(f"{'L' if drawing else 'M'}{point}")
        # Nothing long, with round ends: a dot, however the drawing is stretched.
        dots.append(f"M{point}h0.001")
        drawing = True
    return Line(name=name, path="".join(path), dots="".join(dots))


def round_top(most: float) -> int:
    """Return a round number that is at least so much: 1, 2, 5, 10, 20, 50…

    All but 1 and 5 have a whole number in their middle.
    """
    top = 1
    while top < most:
        # 1 → 2 → 5 → 10
        top = top * 5 // 2 if str(top)[0] == "2" else top * 2
    return top


def _number(value: float) -> str:
    """Write a number as SVG wants it, whatever the language."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
