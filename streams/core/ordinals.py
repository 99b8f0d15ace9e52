"""Which of many: `1`, `2-3`, `4-`, `every 5`, or several with commas between."""

import re
from dataclasses import dataclass

MOST = 10**9

_RANGE = re.compile(
    r"(?P<first>\d{1,9})(?:\s*(?P<dash>[-–])\s*(?P<last>\d{1,9})?)?", re.ASCII
)
_EVERY = re.compile(r"every\s+(?P<step>\d{1,9})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Ordinals:
    """A set of numbers from 1."""

    ranges: tuple[tuple[int, int], ...] = ()
    """First and last of each."""
    steps: tuple[int, ...] = ()
    """Each number that one of these divides."""

    @classmethod
    def parse(cls, text: str) -> "Ordinals":
        """Read what somebody wrote; raise ValueError that says what is wrong."""
        ranges, steps = [], []
        for part in text.split(","):
            part = part.strip()
            if match := _EVERY.fullmatch(part):
                steps.append(int(match["step"]))
            elif match := _RANGE.fullmatch(part):
                first = int(match["first"])
                last = int(match["last"] or MOST) if match["dash"] else first
                ranges.append((first, last))
            else:
                raise ValueError(
                    f"'{part[:40]}' is no number that can be read: write `1`, `1-2`,"
                    " `4-` or `every 3`, several with commas between"
                )
        if 0 in steps or any(first == 0 for first, _ in ranges):
            raise ValueError(f"'{text[:40]}': the first is number 1")
        for first, last in ranges:
            if last < first:
                raise ValueError(f"'{first}-{last}' is empty: write `{last}-{first}`")
        return cls(tuple(ranges), tuple(steps))

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.ranges) or any(
            number % step == 0 for step in self.steps
        )
