"""What a caller said, as literals of the languages that programs are in.

What cannot be seen is written as an escape: a program says what it shows, and whoever
copies it gets that. No literal has a line end in it.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Emoji and some scripts look wrong without them.
_JOINERS = "\u200c\u200d"

# Of a line: up to the last space that fits; a longer word is parted.
_PIECE = re.compile(r".{1,76}(?:(?<=\s)|$)|.{1,76}", re.DOTALL)


def json_text(value: object) -> str:
    """Write any JSON value."""
    return _written(value, _surrogates)


def python(value: object) -> str:
    """Write texts, numbers, and what holds them: Python has them as JSON has."""
    return _written(value, "\\U{:08x}".format)


def shell(value: object) -> str:
    """Write one word of a POSIX shell: a text, or any other value as JSON."""
    return shlex.quote(value if isinstance(value, str) else json_text(value))


def javascript(value: object) -> str:
    """Write any JSON value; the names in an object have to be names of JavaScript."""
    if not isinstance(value, Mapping):
        return json_text(value)
    fields = ", ".join(f"{name}: {javascript(item)}" for name, item in value.items())
    return f"{{ {fields} }}"


@dataclass(frozen=True, slots=True)
class Language:
    """How programs say things."""

    write: Callable[[object], str]
    comment: str
    """What begins one."""


PYTHON = Language(python, "#")
JAVASCRIPT = Language(javascript, "//")
SHELL = Language(shell, "#")


def python_lines(text: str) -> str:
    """Write a text as Python, over as many lines as it takes."""
    lines = text.splitlines(keepends=True)
    pieces = [piece for line in lines for piece in _PIECE.findall(line)]
    if len(pieces) < 2:
        return python(text)
    return "\n".join(["(", *(f"    {python(piece)}" for piece in pieces), ")"])


def _written(value: object, beyond: Callable[[int], str]) -> str:
    """Write JSON; `beyond` escapes what four digits cannot."""

    def escaped(character: str) -> str:
        if character.isprintable() or character in _JOINERS:
            return character
        code = ord(character)
        return f"\\u{code:04x}" if code <= 0xFFFF else beyond(code)

    return "".join(map(escaped, json.dumps(value, ensure_ascii=False)))


def _surrogates(code: int) -> str:
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
