"""Rows of one run in a file of JSON lines, the machine first."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results"
SMOKE = FOLDER / "smoke"
"""For runs that only prove that all works, and for the report that they write."""

Row = dict[str, Any]
"""table, stack, round, disturbed, and what that table has."""


class Results:
    """The file of a run; rows are there as soon as they are measured."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def begin(cls, about: Row, folder: Path = FOLDER) -> "Results":
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / time.strftime("%Y%m%d-%H%M%S.jsonl", time.gmtime())
        results = cls(path)
        results.add({"about": about})
        return results

    @classmethod
    def newest(cls) -> "Results":
        """Return the newest run's; raise SystemExit if there is none."""
        paths = sorted(FOLDER.glob("*.jsonl"))
        if not paths:
            raise SystemExit("Nothing is measured yet: run make bench.")
        return cls(paths[-1])

    def add(self, row: Row) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def about(self) -> Row:
        """Return what is said of machine and versions, of the last part of the run."""
        abouts = [row["about"] for row in self._lines() if "about" in row]
        merged: Row = abouts[-1]
        merged["versions"] = {k: v for a in abouts for k, v in a["versions"].items()}
        return merged

    def rows(self, table: str) -> list[Row]:
        return [row for row in self._lines() if row.get("table") == table]

    def _lines(self) -> Iterator[Row]:
        for line in self.path.read_text().splitlines():
            yield json.loads(line)
