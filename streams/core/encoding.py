"""Text as bytes, the way every format writes it."""

import json
import re
from urllib.parse import quote

# Printable ASCII but the percent sign.
_AS_THEY_ARE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def to_utf8(text: str) -> bytes:
    """Encode, lone surrogates as U+FFFD: a stream must not stop at one."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode()


def dump_json(value: object) -> str:
    """Write compact JSON whose only line ends, to any reader, are its own.

    Some clients split lines at U+0085, U+2028 and U+2029 too.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "\x85\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def header_text(text: str) -> str:
    """Write a text as the value of a header: printable ASCII, the rest percent-encoded.

    A title such as `Fail twice, then answer` stays as it is.
    """
    return quote(text, safe=_AS_THEY_ARE, errors="replace")


def printable(text: str) -> str:
    """Return a text for a message, with what cannot be seen replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
