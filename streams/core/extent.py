"""How much of a script one answer says: its round, and the caller's limits."""

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from streams.core.directions import Channel, ToolCall
from streams.core.steps import Steps

_ANSWER_RUNS = re.compile(re.escape(bytes([Channel.ANSWER])) + b"+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The steps of one answer, and why it ends where it does."""

    steps: Steps
    finish: str
    """One of `directions.FINISH_REASONS`."""
    stopped_at: str = ""
    """The stop sequence that was met."""


def extent(
    steps: Steps,
    *,
    round: int | None = None,
    stop: tuple[str, ...] = (),
    max_tokens: int | None = None,
    fit: Callable[[str, int], int | None],
) -> Extent:
    """Return what is said to a caller.

    A model that calls tools says no more until it knows their results: `round` is how
    many results it was given, None to say everything at once. `stop` is looked for in
    the answer alone. `fit(text, max_tokens)` returns how many code points of a text
    have room, None for all.
    """
    if round is not None:
        starts = (0, *(start for _, start in steps.rounds))
        if round >= len(starts):
            # All was said before. The steps of no position are none.
            steps = steps.after(steps.end)
        else:
            if round < len(steps.rounds):
                steps = steps.before(steps.rounds[round][0])
            steps = steps.after(starts[round])
    stopped_at = ""
    if met := _first_stop(steps, stop):
        offset, stopped_at = met
        steps = steps.before(_position(steps, offset))
    if max_tokens is not None:
        room = fit(steps.spoken, max_tokens)
        if room is not None:
            # With room for nothing, not even for the direction that comes first.
            last = _position(steps, steps.first + room) if room else -1
            steps = steps.before(last)
            return Extent(steps=steps, finish="length")
    finish = "stop" if stopped_at else _finish(steps)
    return Extent(steps=steps, finish=finish, stopped_at=stopped_at)


def _first_stop(steps: Steps, stop: tuple[str, ...]) -> tuple[int, str] | None:
    """Return the offset in the text of the first stop sequence, and which it is."""
    wanted = [text for text in stop if text]
    if not wanted:
        return None
    for run in _ANSWER_RUNS.finditer(steps.channels):
        first, last = run.start(), run.end() - 1
        begin = steps.cuts[first - 1] if first else steps.first
        found = [
            (offset, -len(text), text)
            for text in wanted
            if (offset := steps.text.find(text, begin, steps.cuts[last])) >= 0
        ]
        if found:
            offset, _, text = min(found)
            return offset, text
    return None


def _position(steps: Steps, offset: int) -> int:
    """Return the position of an offset in the text."""
    index = bisect_left(steps.cuts, offset)
    return steps.positions[index] - (steps.cuts[index] - offset)


def _finish(steps: Steps) -> str:
    """Return what the script says, or else what follows from it."""
    reason = "stop"
    for _, direction in sorted(steps.directions.items()):
        if isinstance(direction.value, ToolCall):
            reason = "tool_calls"
    for _, direction in sorted(steps.directions.items()):
        if direction.name == "finish":
            reason = str(direction.value)
    return reason
