"""Text as bytes, the way every format writes it."""

import json
import re

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
