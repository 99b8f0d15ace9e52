"""Where a script is cut, and how fast each part of it is to be said."""

from array import array
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.core.acts import Act, Acting
from streams.core.chunks import Unit, cuts
from streams.core.directions import PACING, SILENT, Channel, Delta, ToolCall
from streams.core.script import Cue, CueSheet, Direction, Text


@dataclass(slots=True)
class Layout:
    """Cuts cues into steps, one after the other. What it holds is as in `Steps`."""

    unit: Unit
    size: int
    cuts: "array[int]" = field(default_factory=lambda: array("I"))
    positions: "array[int]" = field(default_factory=lambda: array("I"))
    channels: bytearray = field(default_factory=bytearray)
    directions: dict[int, Direction] = field(default_factory=dict)
    pauses: dict[int, float] = field(default_factory=dict)
    gaps: dict[int, float] = field(default_factory=dict)
    speeds: dict[int, float] = field(default_factory=dict)
    _spoken: int = 0
    _speed: float = 1.0
    _recorded: deque[Delta] = field(default_factory=deque)
    """Of a recording, what was not said yet."""
    _begun: bool = False
    """Whether the first of them was begun: its rest follows at once."""
    _together: bool = False

    def take(self, cue: Cue) -> None:
        if isinstance(cue, Text):
            self._say(cue)
        else:
            self._direct(cue)

    def _say(self, cue: Text) -> None:
        ends, spoken, position = self._cuts(cue.text), self._spoken, cue.position
        self.cuts.extend(array("I", [spoken + end for end in ends]))
        self.positions.extend(array("I", [position + end for end in ends]))
        added = len(self.cuts) - len(self.channels)
        self.channels.extend(bytes([cue.channel]) * added)
        self._spoken += len(cue.text)

    def _cuts(self, text: str) -> "array[int]":
        if not self._recorded:
            if self._together:
                return array("I", [len(text)])
            return cuts(text, self.unit, self.size)
        found = array("I")
        said = 0
        while said < len(text) and self._recorded:
            delta = self._recorded[0]
            if not (self._together and said):
                gap = 0.0 if self._begun else delta.gap
                self.gaps[len(self.cuts) + len(found)] = gap
            length = min(delta.length, len(text) - said)
            said += length
            self._begun = length < delta.length
            if self._begun:
                self._recorded[0] = Delta(delta.length - length, delta.gap)
            else:
                self._recorded.popleft()
            if not self._together:
                found.append(said)
        if self._together:
            found.append(len(text))
        elif said < len(text):
            rest = cuts(text[said:], self.unit, self.size)
            found.extend(said + cut for cut in rest)
        return found

    def _direct(self, cue: Direction) -> None:
        index = len(self.cuts)
        match cue.name, cue.value:
            case "pause", float(seconds):
                self._wait(index, seconds)
            case "speed", float(speed):
                self._speed = self.speeds[index] = speed
            case "timing", tuple(deltas):
                self._recorded = deque(deltas)
                self._begun = False
            case "together" | "/together", _:
                self._together = cue.name == "together"
            case name, value if name not in SILENT:
                self.directions[index] = cue
                self.cuts.append(self._spoken)
                self.positions.append(cue.position + 1)
                self.channels.append(Channel.ANSWER)
                if isinstance(value, Acting) and value.act is Act.STALL:
                    self._wait(index + 1, value.seconds)

    def _wait(self, index: int, seconds: float) -> None:
        self.pauses[index] = self.pauses.get(index, 0.0) + seconds / self._speed


def layout(cues: Iterable[Cue], unit: Unit, size: int) -> Layout:
    """Cut a script's cues into chunks."""
    laid = Layout(unit, size)
    for cue in cues:
        laid.take(cue)
    return laid


def rounds(sheet: CueSheet) -> tuple[tuple[int, int], ...]:
    """Find where what is said after tool calls begins.

    Calls with nothing but white space, pauses and the like between them are made
    together.
    """
    found: list[tuple[int, int]] = []
    after_call: int | None = None
    waiting: int | None = None  # where a pause is that comes after the call
    for cue in sheet.cues:
        if isinstance(cue, Text) and cue.channel == Channel.TOOL:
            after_call, waiting = cue.position + len(cue.text), None
        elif isinstance(cue, Direction) and isinstance(cue.value, ToolCall):
            after_call, waiting = cue.position + 1, None
        elif after_call is None:
            continue
        elif isinstance(cue, Direction) and cue.name == "finish":
            after_call, waiting = cue.position + 1, None
        elif isinstance(cue, Direction) and cue.name in PACING:
            waiting = cue.position if waiting is None else waiting
        elif isinstance(cue, Direction):
            found.append((after_call, cue.position if waiting is None else waiting))
            after_call = None
        elif said := cue.text.lstrip():
            begins = cue.position + len(cue.text) - len(said)
            found.append((after_call, begins if waiting is None else waiting))
            after_call = None
    return tuple(found)
