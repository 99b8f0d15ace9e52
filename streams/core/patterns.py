"""Regular expressions of editors, which must not hold a server up."""

import re
from functools import lru_cache
from typing import cast

import regex

from streams.core.hurry import in_a_hurry, may_take_time
from streams.exceptions import StreamsError

MOST_SECONDS = 0.05
"""For how long a regex may look."""

HURRY_SECONDS = 0.002
"""The same where others wait: then it is tried again in a thread."""

MOST_WEIGHT = 20_000
"""Largest regex, its counted repetitions written out: the compiler does that, too."""

_COUNT = re.compile(r"\{([0-9]+)(?:,[0-9]*)?\}")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


class TooSlow(StreamsError):
    """Raised where a regex was stopped, since it ran over its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"stopped after {seconds:g} s")
        self.milliseconds = round(seconds * 1000)


@lru_cache(maxsize=1000)
def compile_pattern(text: str, *, ignore_case: bool = False) -> regex.Pattern[str]:
    """Compile a regex; raise ValueError that says what is wrong with it, and where."""
    if weight(text) > MOST_WEIGHT:
        raise ValueError("it repeats too much: use smaller numbers in braces")
    try:
        return regex.compile(text, regex.IGNORECASE if ignore_case else 0)
    except regex.error as error:
        raise ValueError(str(error)) from None
    except (RecursionError, MemoryError, OverflowError):
        raise ValueError("it is too large") from None


def finds(pattern: regex.Pattern[str], text: str) -> bool:
    """Tell whether a regex matches somewhere in a text; raise TooSlow where that
    cannot be told in time. Other threads run meanwhile."""
    try:
        return _search(pattern, text, HURRY_SECONDS if in_a_hurry() else MOST_SECONDS)
    except TimeoutError:
        may_take_time()
        raise TooSlow(MOST_SECONDS) from None


def weight(text: str) -> int:
    """Return about how long a regex is, its counted repetitions written out."""
    # The length of each open group, and of what a repetition would repeat.
    lengths, last = [0], 0
    place = 0
    while place < len(text):
        if count := _COUNT.match(text, place):
            times = max(1, int(count[1][:9]))
            lengths[-1] += last * (times - 1)
            last *= times
            place = count.end()
            continue
        token = cast("re.Match[str]", _TOKEN.match(text, place))
        place = token.end()
        if token[0] == "(":
            lengths.append(0)
        elif token[0] == ")" and len(lengths) > 1:
            last = lengths.pop() + 1
            lengths[-1] += last
        else:
            last = 1
            lengths[-1] += 1
    return sum(lengths)


def _search(pattern: regex.Pattern[str], text: str, seconds: float) -> bool:
    return pattern.search(text, timeout=seconds) is not None
