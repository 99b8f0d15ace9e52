"""A script cut into what is sent at once."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

from streams.core.chunks import Unit, cuts
from streams.core.directions import Channel, ToolCall
from streams.core.encoding import dump_json, to_utf8
from streams.core.script import CueSheet, Direction, Text
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
        """What they take, in bytes, more or less: a pause a hundred, a step nine."""
        light = 200 * (1 + len(self.pauses)) + 9 * len(self) + 2 * len(self.text)
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
            directions={i - index: d for i, d in self.directions.items() if i >= index},
            pauses={i - index: p for i, p in self.pauses.items() if i >= index},
        )

    def before(self, position: int) -> "Steps":
        """Return the steps up to `position`, the one that it divides cut there."""
        count = bisect_left(self.positions, position)
        kept = self._kept and self._kept[:count]
        cuts, positions = self.cuts[:count], self.positions[:count]
        if count < len(self) and count not in self.directions:
            cut = self.cuts[count] - (self.positions[count] - position)
            if cut > (cuts[-1] if count else self.first):
                start = cuts[-1] if count else self.first
                cuts.append(cut)
                positions.append(position)
                if kept is not None:
                    text = self.text[start:cut]
                    kept += (Step(position, text, _CHANNELS[self.channels[count]]),)
        elif count < len(self) and self.positions[count] == position:
            # A direction that ends just there.
            cuts.append(self.cuts[count])
            positions.append(position)
            kept = self._kept and self._kept[: count + 1]
        return replace(
            self,
            _kept=kept,
            cuts=cuts,
            positions=positions,
            channels=self.channels[: len(cuts)],
            directions={i: d for i, d in self.directions.items() if i < len(cuts)},
            pauses={i: p for i, p in self.pauses.items() if i < len(cuts)},
        )


def lay_out(sheet: CueSheet, unit: Unit, size: int) -> Steps:
    """Cut a script into steps: a pure function, whose result can be kept."""
    ends, positions, channels = array("I"), array("I"), bytearray()
    directions: dict[int, Direction] = {}
    pauses: dict[int, float] = {}
    spoken = 0
    for cue in sheet.cues:
        if isinstance(cue, Text):
            for cut in cuts(cue.text, unit, size):
                ends.append(spoken + cut)
                positions.append(cue.position + cut)
            channels.extend(bytes([cue.channel]) * (len(ends) - len(channels)))
            spoken += len(cue.text)
        elif cue.name == "pause" and isinstance(cue.value, float):
            pauses[len(ends)] = pauses.get(len(ends), 0.0) + cue.value
        else:
            directions[len(ends)] = cue
            ends.append(spoken)
            positions.append(cue.position + 1)
            channels.append(Channel.ANSWER)
    return Steps(
        text=sheet.text,
        cuts=ends,
        positions=positions,
        channels=bytes(channels),
        directions=directions,
        pauses=pauses,
        rounds=_rounds(sheet),
        end=sheet.end,
    ).keep()


def _rounds(sheet: CueSheet) -> tuple[tuple[int, int], ...]:
    """Find where what is said after tool calls begins.

    Calls with nothing but white space between them are made together.
    """
    found: list[tuple[int, int]] = []
    after_call: int | None = None
    for cue in sheet.cues:
        if isinstance(cue, Text) and cue.channel == Channel.TOOL:
            after_call = cue.position + len(cue.text)
        elif isinstance(cue, Direction) and isinstance(cue.value, ToolCall):
            after_call = cue.position + 1
        elif after_call is None:
            continue
        elif isinstance(cue, Direction) and cue.name == "finish":
            after_call = cue.position + 1
        elif isinstance(cue, Direction):
            found.append((after_call, cue.position))
            after_call = None
        elif said := cue.text.lstrip():
            found.append((after_call, cue.position + len(cue.text) - len(said)))
            after_call = None
    return tuple(found)
