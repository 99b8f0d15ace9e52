"""Markdown with directions → cues, each with its position.

A direction is an HTML comment with the prefix `stream:`, so that every Markdown
renderer hides it: `<!-- stream: pause 800ms -->`. Whatever else the text holds, other
comments included, is literal.

A position counts the code points spoken so far, in whatever channel, each direction
counting one more. It says where a stream is, whatever its chunk size or delay.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from streams.core.directions import BLOCKS, CHANNELS, PACING, Channel, ToolCall
from streams.core.vocabulary import parser
from streams.exceptions import ScriptError

_OPENING = re.compile(r"<!--\s*stream:")
_LITERAL_END = re.compile(r"<!--\s*stream:\s*/literal\s*-->")
_BLANK_LINE_END = re.compile(r"[ \t]*\n")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A run of text between directions."""

    position: int
    """Position of its first code point."""
    text: str
    channel: Channel = Channel.ANSWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """One stage direction, parsed. In a cue sheet, `position` is where it stands."""

    name: str
    value: object = None
    """What the direction's own parser made of its argument: a pause's seconds, …"""
    line: int = 0
    """Line of the script it was written on, counted from 1."""
    line_ends: int = 0
    """How many line ends of the script it takes with it."""
    position: int = 0


Cue = Text | Direction


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class CueSheet:
    """The compiled form of a script."""

    cues: tuple[Cue, ...]
    text: str
    """All the text in every channel, without directions."""
    end: int
    """Position after the last cue."""

    @property
    def weight(self) -> int:
        """What it takes, in characters, more or less: a cue fifty, a delta too."""
        values = (cue.value for cue in self.cues if isinstance(cue, Direction))
        deltas = sum(len(value) for value in values if isinstance(value, tuple))
        return len(self.text) + 50 * (1 + len(self.cues) + deltas)


def normalise(text: str) -> str:
    """Return text as scripts are stored: LF line ends, no NUL, no lone surrogates.

    SSE cannot carry CR (HTML standard, section 9.2.6), PostgreSQL cannot store NUL,
    and UTF-8 cannot encode surrogates, which become U+FFFD.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return _LONE_SURROGATE.sub("\ufffd", text)


def digest(body: str, rendering: str = "literal") -> str:
    """Name the content of a revision: hexadecimal SHA-256 of rendering and body."""
    return hashlib.sha256(f"{rendering}\n{body}".encode()).hexdigest()


def split_directions(body: str) -> list[str | Direction]:
    """Split a script's body at its directions; raise ScriptError for a bad one.

    A direction that has a line to itself takes the whole line with it, so that it
    leaves no blank line behind. Joining the strings gives the spoken text.
    """
    pieces: list[str | Direction] = []
    spoken = 0  # offset up to which the body is in `pieces`
    counted, line = 0, 1  # `line` is the line of the offset `counted`
    search = 0
    while opening := _OPENING.search(body, search):
        start = opening.start()
        line += body.count("\n", counted, start)
        counted = start
        close = body.find("-->", opening.end())
        if close < 0:
            raise ScriptError("this direction is never closed: add -->", line=line)
        direction = _parse_direction(body[opening.end() : close], line)
        start, end = _whole_line(body, spoken, start, close + len("-->"))
        if start > spoken:
            pieces.append(body[spoken:start])
        line_ends = body.count("\n", start, end)
        pieces.append(replace(direction, line_ends=line_ends))
        spoken = search = end
        if direction.name == "literal":
            search = _end_of_literal(body, end, line)
    if spoken < len(body):
        pieces.append(body[spoken:])
    return pieces


def cue_sheet(pieces: Iterable[str | Direction]) -> CueSheet:
    """Give each piece its position and channel; raise ScriptError for bad nesting."""
    cues: list[Cue] = []
    spoken: list[str] = []
    position = 0
    opened: list[Direction] = []  # the blocks that are open, the innermost last

    def say(text: str, channel: Channel) -> None:
        nonlocal position
        if text:
            cues.append(Text(position=position, text=text, channel=channel))
            spoken.append(text)
            position += len(text)

    for piece in _without_gaps(list(pieces)):
        if isinstance(piece, Direction):
            _nest(opened, piece)
            cues.append(replace(piece, position=position))
            position += 1
            if isinstance(piece.value, ToolCall):
                say(piece.value.arguments, Channel.TOOL)
        else:
            channel = _open_channel(opened)
            say(piece, CHANNELS[channel] if channel else Channel.ANSWER)
    if opened:
        name = opened[-1].name
        raise ScriptError(
            f"`{name}` is never closed: add <!-- stream: /{name} -->",
            line=opened[-1].line,
        )
    return CueSheet(cues=tuple(cues), text="".join(spoken), end=position)


def compile_script(body: str) -> CueSheet:
    """Compile a literal script; raise ScriptError where a direction is wrong."""
    return cue_sheet(split_directions(normalise(body)))


def _without_gaps(pieces: list[str | Direction]) -> Iterator[str | Direction]:
    """Leave out the white space between tool calls, which are made together."""
    # Of each piece, whether the next one that says something is a call.
    before_call = [False]
    for piece in reversed(pieces):
        says = _says(piece)
        before_call.append(_is_call(piece) if says else before_call[-1])
    after_call = False
    for piece, call_follows in zip(pieces, before_call[-2::-1], strict=True):
        if _says(piece):
            after_call = _is_call(piece)
        elif isinstance(piece, str) and after_call and call_follows:
            continue
        yield piece


def _says(piece: str | Direction) -> bool:
    """Tell whether it is more than white space or a matter of time."""
    if isinstance(piece, Direction):
        return piece.name not in PACING
    return bool(piece.strip())


def _is_call(piece: object) -> bool:
    return isinstance(piece, Direction) and isinstance(piece.value, ToolCall)


def _whole_line(body: str, spoken: int, start: int, end: int) -> tuple[int, int]:
    """Return what a direction takes: its line, if nothing else is on it."""
    if rest_of_line := _BLANK_LINE_END.match(body, end):
        indent = start
        while indent > spoken and body[indent - 1] in " \t":
            indent -= 1
        if indent == 0 or body[indent - 1] == "\n":
            return indent, rest_of_line.end()
    return start, end


def _end_of_literal(body: str, start: int, line: int) -> int:
    if found := _LITERAL_END.search(body, start):
        return found.start()
    raise ScriptError(
        "`literal` is never closed: add <!-- stream: /literal -->", line=line
    )


def _open_channel(opened: list[Direction]) -> str:
    return next((block.name for block in opened if block.name in CHANNELS), "")


def _nest(opened: list[Direction], direction: Direction) -> None:
    """Open or close a block; raise ScriptError for what cannot stand there."""
    name, line = direction.name, direction.line
    if name.startswith("/"):
        if not opened or opened[-1].name != name[1:]:
            raise ScriptError(
                f"`{name}` closes nothing: there is no `{name[1:]}` before it"
                if all(block.name != name[1:] for block in opened)
                else f"`{name}` comes too early: close `{opened[-1].name}` first",
                line=line,
            )
        opened.pop()
        return
    if opened and opened[-1].name == "together":
        raise ScriptError(
            f"`{name}` inside of `together`, which is one chunk: put it before or after"
            " that",
            line=line,
        )
    channel = _open_channel(opened)
    if channel and (name in CHANNELS or isinstance(direction.value, ToolCall)):
        raise ScriptError(
            f"`{name}` inside of `{channel}`: close that first with"
            f" <!-- stream: /{channel} -->",
            line=line,
        )
    if name in BLOCKS:
        opened.append(direction)


def _parse_direction(words: str, line: int) -> Direction:
    name, argument = [*words.split(maxsplit=1), "", ""][:2]
    try:
        value = parser(name)(argument.strip())
    except ValueError as error:
        raise ScriptError(str(error), line=line) from None
    return Direction(name=name, value=value, line=line)
