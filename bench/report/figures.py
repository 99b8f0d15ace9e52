"""From rows to the figures of a table: medians of the rows that nothing disturbed."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.plan import TABLES
from bench.results import Results, Row
from bench.stacks import STACKS, Stack

OURS = "direct-uvicorn"
"""What all others are compared with."""
MISSING = "*Not measured in this run.*"

Pick = Callable[[Row], float | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of some rows."""

    value: float
    rounds: int
    disturbed: bool
    """No row was measured undisturbed: this is of disturbed ones."""


class Figures:
    """All rows of one table."""

    def __init__(self, results: Results, table: str) -> None:
        self._rows = [row for row in results.rows(table) if "error" not in row]
        self.table = table

    def __bool__(self) -> bool:
        return bool(self._rows)

    @property
    def stacks(self) -> list[Stack]:
        """Return the stacks that were measured, in the table's order."""
        measured = {row["stack"] for row in self._rows}
        order = [*TABLES[self.table].stacks, *STACKS]
        return [STACKS[name] for name in dict.fromkeys(order) if name in measured]

    def rows(self, stack: str) -> list[Row]:
        return [row for row in self._rows if row["stack"] == stack]

    def get(self, stack: str, pick: Pick) -> Figure | None:
        found = [(pick(row), bool(row["disturbed"])) for row in self.rows(stack)]
        known = [(value, bad) for value, bad in found if value is not None]
        if not known:
            return None
        clean = [value for value, bad in known if not bad]
        chosen = clean or [value for value, _ in known]
        return Figure(median(chosen), len(chosen), not clean)

    def ratio(self, stack: str, pick: Pick) -> float | None:
        """Return how many times ours it is."""
        mine, theirs = self.get(OURS, pick), self.get(stack, pick)
        return theirs.value / mine.value if mine and theirs and mine.value else None


def at(*path: str) -> Pick:
    """Return what finds a row's figure, which may be missing."""

    def pick(row: Row) -> float | None:
        found: Any = row
        for name in path:
            found = found.get(name) if found else None
        return None if found is None else float(found)

    return pick


def title(stack: Stack) -> str:
    return f"**{stack.title}**" if stack.ours else stack.title


def shown(figure: Figure | None, places: int = 0, unit: str = "") -> str:
    if figure is None:
        return "–"
    return f"{figure.value:,.{places}f}{unit}{star(figure.disturbed)}"


def star(disturbed: object) -> str:
    """Return the mark of a figure that something disturbed."""
    return "\\*" if disturbed else ""


def times(ratio: float | None) -> str:
    if ratio is None:
        return "–"
    return f"{ratio:.2f} ×" if ratio < 9.95 else f"{ratio:.0f} ×"


def markdown_table(
    head: list[str], lines: list[list[str]], *, others: str = "---:"
) -> str:
    """Return a table; `others` aligns all columns but the first."""
    rule = ["---", *(others for _ in head[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))
