"""A script cut into what is sent at once."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

from streams.core.acts import Acting
from streams.core.chunks import Unit
from streams.core.directions import Channel
from streams.core.encoding import dump_json, to_utf8
from streams.core.indexed import since, until
from streams.core.layout import layout, rounds
from streams.core.script import CueSheet, Direction
from streams.core.sse import data_lines

_CHANNELS = tuple(Channel)

MOST_KEPT = 20_000
"""Steps of a script that are made once, for all who play it; some 300 bytes each."""

LONGEST_KEPT = 200_000
"""Code points of a script whose steps are made once: each is there four times then."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to send: a chunk's text, or a direction that formats may carry.

    What formats make of the text alone is made once, for all runs that share the step.
    """

    position: int
    """Where the stream is after this step."""
    text: str = ""
    channel: Channel = Channel.ANSWER
    direction: Direction | None = None
    _json: bytes = field(default=b"", init=False, repr=False, compare=False)
    _lines: bytes = field(default=b"", init=False, repr=False, compare=False)

    @property
    def json(self) -> bytes:
        """The text as a JSON string."""
        if not self._json:
            object.__setattr__(self, "_json", to_utf8(dump_json(self.text)))
        return self._json

    @property
    def lines(self) -> bytes:
        """The text as the data of an event, with the blank line that ends it."""
        if not self._lines:
            lines = to_utf8(data_lines(self.text)) + b"\n\n"
            object.__setattr__(self, "_lines", lines)
        return self._lines


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Steps(Sequence[Step]):
    """The steps of a script cut into chunks, without their times.

    Of a long script only offsets are kept, and each step is made when asked for: a
    million characters cost nine megabytes, not three hundred.
    """

    text: str
    """The script's whole text, in every channel."""
    first: int = 0
    """Offset in `text` at which the first step begins."""
    cuts: "array[int]"
    """Offset in `text` at which each step ends."""
    positions: "array[int]"
    """Position after each step."""
    channels: bytes
    """The channel of each step."""
    directions: Mapping[int, Direction]
    """The steps that are directions, by index."""
    pauses: Mapping[int, float]
    """Seconds to wait before a step, beyond its delay; after the last, under len()."""
    gaps: Mapping[int, float] = field(default_factory=dict)
    """Recorded seconds before a step, in place of its delay."""
    speeds: Mapping[int, float] = field(default_factory=dict)
    """What the script divides delays and gaps by, from the step on; pauses are so
    already."""
    rounds: tuple[tuple[int, int], ...] = ()
    """Positions after tool calls, and those at which a model, given their results, goes
    on: white space between is not said."""
    end: int
    """Position after the whole script."""
    _kept: "tuple[Step, ...] | None" = field(default=None, repr=False, compare=False)
    """The steps themselves, where there are not too many."""

    @property
    def spoken(self) -> str:
        """The text of these steps, in every channel."""
        return self.text[self.first : self.cuts[-1]] if self.cuts else ""

    def __len__(self) -> int:
        return len(self.cuts)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        if self._kept is not None:
            return self._kept[index]
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        if index in self.directions:
            return Step(self.positions[index], direction=self.directions[index])
        start = self.cuts[index - 1] if index else self.first
        return Step(
            self.positions[index],
            self.text[start : self.cuts[index]],
            _CHANNELS[self.channels[index]],
        )

    def __iter__(self) -> Iterator[Step]:
        if self._kept is not None:
            return iter(self._kept)
        return map(self.__getitem__, range(len(self)))

    @property
    def made(self) -> Sequence[Step]:
        """The same steps; where they are kept, without a way around."""
        return self if self._kept is None else self._kept

    def keep(self) -> "Steps":
        """Return the same with its steps made, unless there are too many."""
        if len(self) > MOST_KEPT or len(self.text) > LONGEST_KEPT:
            return self
        return replace(self, _kept=tuple(self))

    @property
    def weight(self) -> int:
        """What they take, in bytes, more or less: a pause 200, a step nine."""
        marks = len(self.pauses) + len(self.gaps) + len(self.speeds)
        light = 200 * (1 + marks) + 9 * len(self) + 2 * len(self.text)
        return (
            light
            if self._kept is None
            else light + 300 * len(self) + 4 * len(self.text)
        )

    def after(self, position: int) -> "Steps":
        """Return the steps still to come once `position` is reached.

        A step that the position divides is sent from there on.
        """
        index = bisect_right(self.positions, position)
        while self._acts_always(index - 1, position):
            index -= 1
        if index == 0 and position <= 0:
            return self
        before = self.cuts[index - 1] if index else self.first
        first = before
        if index < len(self) and index not in self.directions:
            unsent = self.positions[index] - position
            first = max(before, self.cuts[index] - unsent)
        kept = self._kept and self._kept[index:]
        if kept and first > before:
            divided = replace(kept[0], text=self.text[first : self.cuts[index]])
            kept = (divided, *kept[1:])
        return replace(
            self,
            _kept=kept,
            first=first,
            cuts=self.cuts[index:],
            positions=self.positions[index:],
            channels=self.channels[index:],
            directions=since(index, self.directions),
            pauses=since(index, self.pauses),
            gaps=since(index, self.gaps),
            speeds=self._speeds_from(index),
        )

    def before(self, position: int) -> "Steps":
        """Return the steps up to `position`, the one that it divides cut there."""
        count = bisect_left(self.positions, position)
        if count in self.directions and self.positions[count] == position:
            count += 1
        steps = self.first_ones(count)
        if count == len(self) or count in self.directions:
            return steps
        start = self.cuts[count - 1] if count else self.first
        cut = self.cuts[count] - (self.positions[count] - position)
        if cut <= start:
            return steps
        kept, channel = steps._kept, self.channels[count]
        if kept is not None:
            kept += (Step(position, self.text[start:cut], _CHANNELS[channel]),)
        return replace(
            steps,
            _kept=kept,
            cuts=steps.cuts + array("I", [cut]),
            positions=steps.positions + array("I", [position]),
            channels=steps.channels + bytes([channel]),
            pauses=until(count + 1, self.pauses),
        )

    def first_ones(self, count: int) -> "Steps":
        """Return so many steps from the first."""
        return replace(
            self,
            _kept=self._kept and self._kept[:count],
            cuts=self.cuts[:count],
            positions=self.positions[:count],
            channels=self.channels[:count],
            directions=until(count, self.directions),
            pauses=until(count, self.pauses),
        )

    def _acts_always(self, index: int, position: int) -> bool:
        """Tell whether a step was put in at `position` to act whenever that is met."""
        direction = self.directions.get(index)
        if direction is None or self.positions[index] != position:
            return False
        acting = direction.value
        return isinstance(acting, Acting) and acting.always and bool(acting.fault)

    def _speeds_from(self, index: int) -> dict[int, float]:
        speeds = since(index, self.speeds)
        if before := [i for i in self.speeds if i < index]:
            # The one in force goes on.
            speeds.setdefault(0, self.speeds[max(before)])
        return speeds


def lay_out(sheet: CueSheet, unit: Unit, size: int) -> Steps:
    """Cut a script into steps: a pure function, whose result can be kept."""
    laid = layout(sheet.cues, unit, size)
    return Steps(
        text=sheet.text,
        cuts=laid.cuts,
        positions=laid.positions,
        channels=bytes(laid.channels),
        directions=laid.directions,
        pauses=laid.pauses,
        gaps=laid.gaps,
        speeds=laid.speeds,
        rounds=rounds(sheet),
        end=sheet.end,
    ).keep()
