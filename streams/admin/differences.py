"""What changed from one text to another, line by line, with directions marked."""

import difflib
import re
from dataclasses import dataclass

_DIRECTION = re.compile(r"(<!--\s*stream:.*?-->)")


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference: its mark is "+", "-", " " or "@" for a gap."""

    mark: str
    text: str

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """The text in parts, and of each whether it is a direction."""
        parts = _DIRECTION.split(self.text)
        return [(part, index % 2 == 1) for index, part in enumerate(parts) if part]


def difference(before: str, after: str) -> list[DiffLine]:
    """Return what changed, with three lines of context around each change."""
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm="")
    # The first two name files, which these are not.
    return [DiffLine(line[0], line[1:]) for line in list(lines)[2:]]
