"""Bytes as people write them."""

import re

_ESCAPE = re.compile(
    r"\\(?:([nrt0\\])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))", re.S
)
_ESCAPED = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\"}


def read_bytes(argument: str) -> bytes:
    r"""Return text as UTF-8, and each escape as what it stands for.

    Raise ValueError for others.
    """
    data: list[bytes] = []
    done = 0
    for match in _ESCAPE.finditer(argument):
        simple, byte, short, long, wrong = match.groups()
        if wrong is not None:
            raise ValueError(
                f"'{match[0]}' in `emit` is no escape: write one of"
                r" \n \r \t \0 \\ \x0a \u4e2d \U0001f600"
            )
        data.append(argument[done : match.start()].encode())
        if simple or byte:
            data.append(_ESCAPED[simple] if simple else bytes.fromhex(byte))
        else:
            data.append(_character(int(short or long, 16), match[0]))
        done = match.end()
    return b"".join([*data, argument[done:].encode()])


def _character(code: int, written: str) -> bytes:
    try:
        return chr(code).encode()
    except (ValueError, OverflowError):
        raise ValueError(
            rf"'{written}' in `emit` is no character of Unicode: write its bytes, such"
            r" as \xed\xa0\x80"
        ) from None
