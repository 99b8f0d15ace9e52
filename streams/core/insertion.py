"""Putting an act into steps that know nothing of it."""

from array import array
from bisect import bisect_left
from dataclasses import replace

from streams.core.acts import Acting
from streams.core.directions import Channel
from streams.core.indexed import with_room
from streams.core.script import Direction
from streams.core.steps import Step, Steps


def find_place(
    steps: Steps, *, event: int | None = None, position: int | None = None
) -> int | None:
    """Return the index after so many chunks of text, or after the step with which a
    position is reached; None past the end."""
    if event is not None:
        index = event
        for direction in sorted(steps.directions):
            if direction >= index:
                break
            index += 1
    elif position is not None and position > 0:
        index = bisect_left(steps.positions, position) + 1
    else:
        index = 0
    while _put_in(steps, index):
        # Acts at one place come in the order in which they were put there.
        index += 1
    return index if index <= len(steps) else None


def insert(steps: Steps, index: int, acting: Acting) -> Steps:
    """Return the steps with an act before one of them, where the one before it ends."""
    position = steps.positions[index - 1] if index else _beginning(steps)
    direction = Direction(name=acting.act, value=acting, position=position)
    cut = steps.cuts[index - 1] if index else steps.first
    kept, channel = steps._kept, bytes([Channel.ANSWER])
    if kept is not None:
        kept = (*kept[:index], Step(position, direction=direction), *kept[index:])
    return replace(
        steps,
        _kept=kept,
        cuts=_with(steps.cuts, index, cut),
        positions=_with(steps.positions, index, position),
        channels=steps.channels[:index] + channel + steps.channels[index:],
        directions={**with_room(index, steps.directions), index: direction},
        pauses=with_room(index, steps.pauses),
        gaps=with_room(index, steps.gaps),
        speeds=with_room(index, steps.speeds),
    )


def _put_in(steps: Steps, index: int) -> bool:
    direction = steps.directions.get(index)
    if direction is None or not isinstance(direction.value, Acting):
        return False
    return bool(direction.value.fault)


def _beginning(steps: Steps) -> int:
    """Return the position before the first step."""
    if not len(steps):
        return 0
    said = 1 if 0 in steps.directions else steps.cuts[0] - steps.first
    return max(0, steps.positions[0] - said)


def _with(values: "array[int]", index: int, value: int) -> "array[int]":
    return values[:index] + array("I", [value]) + values[index:]
