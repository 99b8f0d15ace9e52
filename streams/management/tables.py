"""Tables for terminals."""

from collections.abc import Sequence
from unicodedata import east_asian_width


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines, their columns one below another."""
    widths = [max(map(_width, column), default=0) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - _width(cell))
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """Count the cells that a terminal takes for a text."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
