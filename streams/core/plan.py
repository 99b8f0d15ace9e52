"""Script + settings + seed → what is sent when, and from which position."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

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
        last = self.steps.positions[count - 1] if count else 0
        return Plan(
            steps=self.steps.before(last),
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


def plan(steps: Steps, pacing: Pacing, *, seed: int = 0) -> Plan:
    """Time the steps. The same arguments give the same plan, anywhere.

    A direction takes no time of its own: it is due with the step before it.
    """
    due = pacing.due(
        len(steps), pauses=steps.pauses, instant=steps.directions, seed=seed
    )
    last = due[-1] if due else 0.0
    trailing = steps.pauses.get(len(steps), 0.0) / pacing.speed
    return Plan(steps=steps, due=due, duration=last + trailing)
