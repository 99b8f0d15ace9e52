"""Script + settings + seed → what is sent when, and from which position."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

from streams.core.chunks import Unit, cuts
from streams.core.pacing import Pacing
from streams.core.script import CueSheet, Direction, Text


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to send: a chunk's text, or a direction that formats may carry."""

    position: int
    """Where the stream is after this step."""
    text: str = ""
    direction: Direction | None = None


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Steps(Sequence[Step]):
    """The steps of a script cut into chunks, without their times.

    Only offsets are kept, and each step is made when asked for: a script of a
    million characters costs eight megabytes, not a hundred.
    """

    text: str
    """The script's whole text."""
    first: int = 0
    """Offset in `text` at which the first step begins."""
    cuts: "array[int]"
    """Offset in `text` at which each step ends."""
    positions: "array[int]"
    """Position after each step."""
    directions: Mapping[int, Direction]
    """The steps that are directions, by index."""
    pauses: Mapping[int, float]
    """Seconds to wait before a step, beyond its delay; after the last, under len()."""
    end: int
    """Position after the whole script."""

    def __len__(self) -> int:
        return len(self.cuts)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        if index in self.directions:
            return Step(self.positions[index], direction=self.directions[index])
        start = self.cuts[index - 1] if index else self.first
        return Step(self.positions[index], self.text[start : self.cuts[index]])

    def after(self, position: int) -> "Steps":
        """Return the steps still to come once `position` is reached.

        A step that the position divides is sent from there on.
        """
        index = bisect_right(self.positions, position)
        if index == 0 and position <= 0:
            return self
        before = self.cuts[index - 1] if index else self.first
        first = before
        if index < len(self) and index not in self.directions:
            unsent = self.positions[index] - position
            first = max(before, self.cuts[index] - unsent)
        return replace(
            self,
            first=first,
            cuts=self.cuts[index:],
            positions=self.positions[index:],
            directions={i - index: d for i, d in self.directions.items() if i >= index},
            pauses={i - index: p for i, p in self.pauses.items() if i >= index},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a stream will do: steps, and the seconds from the start they are due."""

    steps: Steps
    due: "array[float]"
    duration: float
    """When the stream closes, in seconds from its start."""

    def __iter__(self) -> Iterator[tuple[float, Step]]:
        return zip(self.due, self.steps, strict=True)

    def after(self, position: int) -> "Plan":
        """Return the plan of a stream resumed at `position`: what is left, at once.

        The first step comes one gap after the resumption, without a new time to first
        token, and every later gap is the one planned.
        """
        steps = self.steps.after(position)
        done = len(self.steps) - len(steps)
        elapsed = self.due[done - 1] if done else 0.0
        return Plan(
            steps=steps,
            due=array("d", (due - elapsed for due in self.due[done:])),
            duration=self.duration - elapsed,
        )


def lay_out(sheet: CueSheet, unit: Unit, size: int) -> Steps:
    """Cut a script into steps: a pure function, whose result can be kept."""
    ends, positions = array("I"), array("I")
    directions: dict[int, Direction] = {}
    pauses: dict[int, float] = {}
    spoken = 0
    for cue in sheet.cues:
        if isinstance(cue, Text):
            for cut in cuts(cue.text, unit, size):
                ends.append(spoken + cut)
                positions.append(cue.position + cut)
            spoken += len(cue.text)
        elif cue.name == "pause" and isinstance(cue.value, float):
            pauses[len(ends)] = pauses.get(len(ends), 0.0) + cue.value
        else:
            directions[len(ends)] = cue
            ends.append(spoken)
            positions.append(cue.position + 1)
    return Steps(
        text=sheet.text,
        cuts=ends,
        positions=positions,
        directions=directions,
        pauses=pauses,
        end=sheet.end,
    )


def plan(steps: Steps, pacing: Pacing, *, seed: int = 0) -> Plan:
    """Time the steps. The same arguments give the same plan, anywhere."""
    due = pacing.due(len(steps), pauses=steps.pauses, seed=seed)
    last = due[-1] if due else 0.0
    trailing = steps.pauses.get(len(steps), 0.0) / pacing.speed
    return Plan(steps=steps, due=due, duration=last + trailing)
