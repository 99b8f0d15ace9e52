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

from streams.core.directions import CHANNELS, DIRECTIONS, Channel, ToolCall
from streams.exceptions import ScriptError

_OPENING = re.compile(r"<!--\s*stream:")
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
    while opening := _OPENING.search(body, spoken):
        start = opening.start()
        line += body.count("\n", counted, start)
        counted = start
        close = body.find("-->", opening.end())
        if close < 0:
            raise ScriptError("this direction is never closed: add -->", line=line)
        direction = _parse_direction(body[opening.end() : close], line)
        end = close + len("-->")
        if rest_of_line := _BLANK_LINE_END.match(body, end):
            indent = start
            while indent > spoken and body[indent - 1] in " \t":
                indent -= 1
            if indent == 0 or body[indent - 1] == "\n":
                start, end = indent, rest_of_line.end()
        if start > spoken:
            pieces.append(body[spoken:start])
        line_ends = body.count("\n", start, end)
        pieces.append(replace(direction, line_ends=line_ends))
        spoken = end
    if spoken < len(body):
        pieces.append(body[spoken:])
    return pieces


def cue_sheet(pieces: Iterable[str | Direction]) -> CueSheet:
    """Give each piece its position and channel; raise ScriptError for bad nesting."""
    cues: list[Cue] = []
    spoken: list[str] = []
    position = 0
    opened: Direction | None = None  # the direction whose channel is open

    def say(text: str, channel: Channel) -> None:
        nonlocal position
        if text:
            cues.append(Text(position=position, text=text, channel=channel))
            spoken.append(text)
            position += len(text)

    for piece in _without_gaps(list(pieces)):
        if isinstance(piece, Direction):
            opened = _nest(opened, piece)
            cues.append(replace(piece, position=position))
            position += 1
            if isinstance(piece.value, ToolCall):
                say(piece.value.arguments, Channel.TOOL)
        else:
            say(piece, CHANNELS[opened.name] if opened else Channel.ANSWER)
    if opened:
        raise ScriptError(
            f"`{opened.name}` is never closed: add <!-- stream: /{opened.name} -->",
            line=opened.line,
        )
    return CueSheet(cues=tuple(cues), text="".join(spoken), end=position)


def compile_script(body: str) -> CueSheet:
    """Compile a literal script; raise ScriptError where a direction is wrong."""
    return cue_sheet(split_directions(normalise(body)))


def _without_gaps(pieces: list[str | Direction]) -> Iterator[str | Direction]:
    """Leave out the white space between tool calls, which are made together."""
    for before, piece, after in zip(
        [None, *pieces], pieces, [*pieces[1:], None], strict=False
    ):
        apart = isinstance(piece, str) and not piece.strip()
        if not (apart and _is_call(before) and _is_call(after)):
            yield piece


def _is_call(piece: object) -> bool:
    return isinstance(piece, Direction) and isinstance(piece.value, ToolCall)


def _nest(opened: Direction | None, direction: Direction) -> Direction | None:
    """Return the direction whose channel is open once this one is passed."""
    name, line = direction.name, direction.line
    if name in CHANNELS or isinstance(direction.value, ToolCall):
        if opened:
            raise ScriptError(
                f"`{name}` inside of `{opened.name}`: close that first with"
                f" <!-- stream: /{opened.name} -->",
                line=line,
            )
        return direction if name in CHANNELS else None
    if name.startswith("/"):
        if opened is None or opened.name != name[1:]:
            raise ScriptError(
                f"`{name}` closes nothing: there is no `{name[1:]}` before it",
                line=line,
            )
        return None
    return opened


def _parse_direction(words: str, line: int) -> Direction:
    name, argument = [*words.split(maxsplit=1), "", ""][:2]
    if name not in DIRECTIONS:
        known = ", ".join(DIRECTIONS)
        # Cut short, since messages are read by people.
        what = (
            f"unknown direction '{name[:40]}'" if name else "a direction without a name"
        )
        raise ScriptError(f"{what}; known: {known}", line=line)
    try:
        value = DIRECTIONS[name](argument.strip())
    except ValueError as error:
        raise ScriptError(str(error), line=line) from None
    return Direction(name=name, value=value, line=line)
