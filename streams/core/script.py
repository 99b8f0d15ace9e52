"""Markdown with directions → cues, each with its position.

A direction is an HTML comment with the prefix `stream:`, so that every Markdown
renderer hides it: `<!-- stream: pause 800ms -->`. Whatever else the text holds, other
comments included, is literal.

A position counts the code points of text spoken so far, each direction counting one
more. It says where a stream is, whatever its chunk size or delay.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from streams.exceptions import ScriptError

MAX_PAUSE = 600.0
"""Longest single pause, in seconds."""

_OPENING = re.compile(r"<!--\s*stream:")
_BLANK_LINE_END = re.compile(r"[ \t]*\n")
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s)")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A run of text between directions."""

    position: int
    """Position of its first code point."""
    text: str


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
    """All the text, without directions: what a viewer has read at the end."""
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
    """Give each piece its position."""
    cues: list[Cue] = []
    spoken: list[str] = []
    position = 0
    for piece in pieces:
        if isinstance(piece, Direction):
            cues.append(replace(piece, position=position))
            position += 1
        elif piece:
            cues.append(Text(position=position, text=piece))
            spoken.append(piece)
            position += len(piece)
    return CueSheet(cues=tuple(cues), text="".join(spoken), end=position)


def compile_script(body: str) -> CueSheet:
    """Compile a literal script; raise ScriptError where a direction is wrong."""
    return cue_sheet(split_directions(normalise(body)))


def _parse_direction(words: str, line: int) -> Direction:
    name, argument = [*words.split(maxsplit=1), "", ""][:2]
    # Cut short, since errors quote them.
    name, argument = name[:40], argument.strip()[:80]
    if name not in DIRECTIONS:
        known = ", ".join(DIRECTIONS)
        what = f"unknown direction '{name}'" if name else "a direction without a name"
        raise ScriptError(f"{what}; known: {known}", line=line)
    try:
        value = DIRECTIONS[name](argument)
    except ValueError as error:
        raise ScriptError(str(error), line=line) from None
    return Direction(name=name, value=value, line=line)


def _parse_pause(argument: str) -> float:
    written = f"pause {argument}".strip()
    match = _DURATION.fullmatch(argument)
    if not match:
        raise ValueError(
            f"'{written}' has no duration that can be read:"
            " write `pause 800ms` or `pause 1.5s`"
        )
    seconds = float(match["number"]) / (1000 if match["unit"] == "ms" else 1)
    if seconds > MAX_PAUSE:
        raise ValueError(f"'{written}' is longer than {MAX_PAUSE:g}s, the most")
    return seconds


DIRECTIONS: dict[str, Callable[[str], object]] = {"pause": _parse_pause}
"""Each direction's name and the parser of its argument, which raises ValueError."""
