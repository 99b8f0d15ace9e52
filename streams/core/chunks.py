r"""Split text into chunks: by grapheme cluster, word, sentence, line or fixed size.

A chunk never ends inside a grapheme cluster (Unicode Annex 29) or between CR and LF:
the patterns only propose where to cut, and a proposal that is not a boundary between
clusters is dropped. Joining the chunks gives the text back, exactly.
"""

from array import array
from enum import StrEnum
from itertools import pairwise

import regex


class Unit(StrEnum):
    """What a chunk's size counts."""

    GRAPHEME = "grapheme"
    """A character as readers see it: a letter with its accents, a joined emoji."""
    WORD = "word"
    """A word with the punctuation and white space after it."""
    SENTENCE = "sentence"
    """A sentence with the white space after it; a line end closes one too."""
    LINE = "line"
    """A line with its line end."""
    FIXED = "fixed"
    """Code points: as many whole grapheme clusters as fit, one at least."""


# \X alone is right for flags, too, but counts back over a whole run of them for each.
_GRAPHEME = regex.compile(
    r"\p{RI}{2}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*+|\X"
)

# Text without spaces between words goes character by character: Han, Hiragana, emoji,
# and the scripts whose words only a dictionary finds (UAX 29, section 4.1). Runs of
# Katakana and words of Hangul stay whole, as UAX 29 keeps them.
_UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Extended_Pictographic}\p{Regional_Indicator}"
)
_WIDE_OPEN = r"「『（［｛〈《【〔〖〘“‘"
_WIDE_CLOSE = r"、。，．！？；：…」』）］｝〉》】〕〗〙”’｡､｣"

_WORD = regex.compile(
    rf"""(?V1)(?x)
    [{_WIDE_OPEN}]*+
    (?: [{_UNSPACED}] [\p{{Pe}}\p{{Pf}}\p{{Po}}]*+
      | [^\s{_UNSPACED}{_WIDE_OPEN}{_WIDE_CLOSE}]++ [{_WIDE_CLOSE}]*+
    )
    \s*+
    | [{_WIDE_OPEN}{_WIDE_CLOSE}]++ \s*+
    | \s++
    """
)

# A full stop ends a sentence only before white space and something that does not go
# on in lower case (UAX 29, rule SB8), and not after the number of a list item. Each
# run of marks is tried once, at its first: otherwise it would cost its length squared.
_SENTENCE = regex.compile(
    r"""(?V1)(?x)(?s)
    .*?
    (?: [。！？｡]++ [\p{Pe}\p{Pf}"'*_`]*+ \s*+
      | (?<![!?]) [!?]++ [\p{Pe}\p{Pf}"'*_`]*+ (?: \s++ | $ )
      | (?=[.…]) (?<![.…]) (?<! (?m:^)[ \t]*\d+ )
        [.…]++ [\p{Pe}\p{Pf}"'*_`]*+ (?: \s++ (?!\p{Ll}) | $ )
      | \r?\n\s*+
      | \r\s*+
    )
    | .++
    """
)
_LINE = regex.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++")

_PATTERNS = {Unit.WORD: _WORD, Unit.SENTENCE: _SENTENCE, Unit.LINE: _LINE}


def cuts(text: str, unit: Unit, size: int = 1) -> "array[int]":
    """Return the offset at which each chunk of `text` ends, in code points."""
    if size < 1:
        raise ValueError(f"chunk size {size} is not at least 1")
    if unit is Unit.FIXED:
        return _fill(text, size)
    clusters = _ends(_GRAPHEME, text)
    if unit is Unit.GRAPHEME:
        ends = clusters
    else:
        allowed = bytearray(len(text) + 1)
        for end in clusters:
            allowed[end] = 1
        ends = array("I", (end for end in _ends(_PATTERNS[unit], text) if allowed[end]))
    if size == 1:
        return ends
    grouped = ends[size - 1 :: size]
    if len(ends) % size:
        grouped.append(ends[-1])
    return grouped


def split(text: str, unit: Unit, size: int = 1) -> list[str]:
    """Split text into its chunks."""
    return [text[start:end] for start, end in pairwise([0, *cuts(text, unit, size)])]


def _ends(pattern: regex.Pattern[str], text: str) -> "array[int]":
    return array("I", (match.end() for match in pattern.finditer(text)))


def _fill(text: str, size: int) -> "array[int]":
    """Cut as late as `size` code points allow, between clusters."""
    filled = array("I")
    start = 0
    while start < len(text):
        start = _last_boundary(text, start, start + size)
        filled.append(start)
    return filled


def _last_boundary(text: str, start: int, latest: int) -> int:
    """Return the last end of a cluster up to `latest`, or that of the first cluster."""
    if latest >= len(text):
        return len(text)
    pair = text[latest - 1 : latest + 1]
    if pair.isascii() and pair != "\r\n":
        # Always a boundary (UAX 29), found without a look at all that is before it.
        return latest
    found = start
    for match in _GRAPHEME.finditer(text, start):
        if match.end() > latest:
            return found if found > start else match.end()
        found = match.end()
    return found
