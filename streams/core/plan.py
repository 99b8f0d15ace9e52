"""Script + settings + seed → what is sent when, and from which position."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from streams.core.acts import Act, Acting
from streams.core.insertion import find_place, insert
from streams.core.pacing import Pacing
from streams.core.steps import Step, Steps


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

    def until(self, seconds: float) -> "Plan":
        """Return the plan of a stream that ends after so many seconds."""
        count = bisect_right(self.due, seconds)
        return Plan(
            steps=self.steps.first_ones(count),
            due=self.due[:count],
            duration=min(self.duration, seconds),
        )

    def since(self, seconds: float) -> "Plan":
        """Return the plan for somebody who comes so many seconds after its start:
        what was due by then comes at once, and the rest at its time."""
        return Plan(
            steps=self.steps,
            due=array("d", (due - seconds for due in self.due)),
            duration=self.duration - seconds,
        )

    def acting(
        self, acting: Acting, *, event: int | None = None, position: int | None = None
    ) -> "Plan | None":
        """Return the plan of a stream that does something of its own at a place.

        The place is after so many events (chunks of text), or the end of the step with
        which a position is reached; 0 is before everything. Return None if it is past
        the end. All other steps keep their positions, so a stream resumes as without
        the act; they keep their times, too, but for a stall, which delays what follows.
        """
        index = find_place(self.steps, event=event, position=position)
        if index is None:
            return None
        silence = acting.seconds if acting.act is Act.STALL else 0.0
        due = self.due[:index]
        due.append(due[-1] if due else min(0.0, self.due[0] if self.due else 0.0))
        due.extend(seconds + silence for seconds in self.due[index:])
        steps = insert(self.steps, index, acting)
        return Plan(steps=steps, due=due, duration=self.duration + silence)


def plan(steps: Steps, pacing: Pacing, *, seed: int = 0) -> Plan:
    """Time the steps. The same arguments give the same plan, anywhere.

    A direction takes no time of its own: it is due with the step before it.
    """
    due = pacing.due(
        len(steps),
        pauses=steps.pauses,
        gaps=steps.gaps,
        speeds=steps.speeds,
        instant=steps.directions,
        seed=seed,
    )
    last = due[-1] if due else 0.0
    trailing = steps.pauses.get(len(steps), 0.0) / pacing.speed
    return Plan(steps=steps, due=due, duration=last + trailing)
