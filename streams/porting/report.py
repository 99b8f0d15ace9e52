"""What an import does, or would do: one entry for each file."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from streams.documents import Mistake
from streams.porting.changes import Change
from streams.porting.documents import Document, Kind, Values


class Status(StrEnum):
    """How a file compares with what is there."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    ERROR = "error"


class OnConflict(StrEnum):
    """What becomes of a file that differs from the entry of its name."""

    SKIP = "skip"
    """The entry stays as it is."""
    REPLACE = "replace"
    """The entry becomes what the file says."""
    RENAME = "rename"
    """The file comes in beside it, as `greeting-2`."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One file, and what becomes of it."""

    document: Document
    status: Status
    values: Values
    """What is written: the document's, with scripts by the names that they get."""
    becomes: str = ""
    """The slug that is written; empty if nothing is."""
    row: Any = None
    """The Script or Stream that is there already; once written, that which is."""
    changes: tuple[Change, ...] = ()
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        return self.document.kind

    @property
    def slug(self) -> str:
        return self.document.slug

    @property
    def is_added(self) -> bool:
        """Whether what is written is a new row."""
        return bool(self.becomes) and (
            self.status == Status.NEW or self.becomes != self.slug
        )

    @property
    def outcome(self) -> str:
        """Say in one word what becomes of it: `added`, `replaced`, `kept`, …"""
        if self.status == Status.ERROR or self.mistakes:
            return "refused"
        if not self.becomes:
            return "kept" if self.status == Status.CHANGED else "unchanged"
        if self.status == Status.NEW:
            return "added"
        if self.becomes != self.slug:
            return f"added as {self.becomes}"
        return "replaced"

    def wrong(self, message: str, line: int | None = None) -> None:
        self.status = Status.ERROR
        self.becomes = ""
        name = self.document.file
        self.mistakes.append(Mistake(file=name, message=message, line=line))
        self.mistakes.sort(key=lambda mistake: mistake.line or 0)


@dataclass(slots=True, kw_only=True)
class Report:
    """What became of an import."""

    entries: list[Entry]
    written: bool = False
    """Whether anything may have been written. All is, or nothing."""
    removed: list[str] = field(default_factory=list)
    """Slugs of what was deleted, since no file has it any more."""

    @property
    def mistakes(self) -> list[Mistake]:
        return [mistake for entry in self.entries for mistake in entry.mistakes]

    @property
    def counts(self) -> dict[Status, int]:
        """How many files there are of each status."""
        found = Counter(entry.status for entry in self.entries)
        return {status: found[status] for status in Status}

    def to_write(self) -> Iterator[Entry]:
        """Yield what is to be written, scripts first."""
        entries = [entry for entry in self.entries if entry.becomes]
        yield from sorted(entries, key=lambda entry: entry.kind != Kind.SCRIPT)

    def as_json(self) -> dict[str, Any]:
        """Return the report for programs."""
        return {
            "written": self.written,
            "counts": {str(status): n for status, n in self.counts.items()},
            "entries": [
                {
                    "kind": str(entry.kind),
                    "slug": entry.slug,
                    "file": entry.document.file,
                    "status": str(entry.status),
                    "outcome": entry.outcome,
                    "changes": [change.as_json() for change in entry.changes],
                    "errors": [
                        {"line": mistake.line, "message": mistake.message}
                        for mistake in entry.mistakes
                    ],
                }
                for entry in self.entries
            ],
            "removed": self.removed,
        }
