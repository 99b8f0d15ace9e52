"""When each line of a captured stream came.

Lines have their time before them, as moreutils' `ts` writes it, or the file is JSON
Lines, `{"t": seconds, "data": "…"}`, as the recording proxy writes it.
"""

import json
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import accumulate, pairwise

from streams.capture.text import Piece
from streams.exceptions import CaptureError


class Timestamps(StrEnum):
    """How a file says when its lines came."""

    AUTO = "auto"
    """However the first line does, which all others must do, too."""
    NONE = "none"
    """Not at all: the lines are the stream's own."""
    JSONL = "jsonl"
    """`{"t": 0.25, "data": "…"}`, seconds from the request or of the epoch."""
    SECONDS = "seconds"
    """`0.25 data: …`, seconds from the start or of the epoch: `ts -s %.s`, `ts %.s`."""
    INCREMENTS = "increments"
    """`0.25 data: …`, seconds since the line before: `ts -i %.s`."""
    CLOCK = "clock"
    """`12:30:00.25 data: …`, with or without a date before it: `ts %H:%M:%.S`."""


_EPOCH = 1e6
"""Seconds that no stream takes, so that more are those of a calendar."""

_DAY = 86_400.0

_SECONDS = re.compile(
    r"\s*(?P<time>\d+(?:\.\d+)?)(?:[ \t](?P<rest>.*)|\r?\n)?", re.DOTALL
)
_CLOCK = re.compile(
    r"\s*\[?(?:\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} [ \d]\d )?"
    r"(?P<time>\d{1,2}:\d\d:\d\d(?:[.,]\d+)?)(?:Z|[+-]\d\d:?\d\d)?\]?"
    r"(?:[ \t](?P<rest>.*)|\r?\n)?",
    re.DOTALL,
)

Line = tuple[int, str]
"""A line's number, and its text with its line end."""


def read_pieces(text: str, kind: Timestamps = Timestamps.AUTO) -> list[Piece]:
    """Take the times off the lines; raise CaptureError for a line without its own."""
    lines = _lines(text)
    settle = {Timestamps.INCREMENTS: _sums, Timestamps.AUTO: _since_start_or_sums}
    chosen = settle.get(kind, _since_start)
    if kind is Timestamps.AUTO:
        kind = _recognised(next(line for _, line in lines if line.strip()))
    if kind is Timestamps.NONE:
        return [Piece(line, number) for number, line in lines]
    if kind is Timestamps.JSONL:
        return _from_json_lines(lines)
    if kind is Timestamps.CLOCK:
        return _stamped(lines, _CLOCK, _of_day, _over_midnight)
    return _stamped(lines, _SECONDS, float, chosen)


def _lines(text: str) -> list[Line]:
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    return list(enumerate(lines, 1))


def _recognised(line: str) -> Timestamps:
    if _json_line(line):
        return Timestamps.JSONL
    if _SECONDS.fullmatch(line):
        return Timestamps.SECONDS
    return Timestamps.CLOCK if _CLOCK.fullmatch(line) else Timestamps.NONE


def _json_line(line: str) -> tuple[float, str] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    time, data = value.get("t"), value.get("data")
    if isinstance(time, bool) or not isinstance(time, int | float):
        return None
    return (float(time), data) if isinstance(data, str) else None


def _from_json_lines(lines: Iterable[Line]) -> list[Piece]:
    found: list[tuple[int, str, float]] = []
    for number, line in lines:
        if not line.strip():
            continue
        timed = _json_line(line)
        if timed is None:
            raise CaptureError(
                f"'{line.strip()[:60]}' is not as the lines before it, such as"
                ' {"t": 0.25, "data": "…"}: was the file cut off or edited?',
                line=number,
            )
        found.append((number, timed[1], timed[0]))
    if not found:
        raise CaptureError("The file has no lines with a time.")
    times = _since_start([(number, time) for number, _, time in found])
    texts = _as_events([text for _, text, _ in found])
    return [
        Piece(text, number, at)
        for (number, _, _), text, at in zip(found, texts, times, strict=True)
    ]


def _as_events(texts: list[str]) -> list[str]:
    """Return the texts, as events where each is the data of one and no more."""

    def is_data(text: str) -> bool:
        if "\n" in text:
            return False
        try:
            return text == "[DONE]" or isinstance(json.loads(text), dict)
        except (ValueError, RecursionError):
            return False

    if all(map(is_data, texts)):
        return [f"data: {text}\n\n" for text in texts]
    return texts


def _stamped(
    lines: list[Line],
    pattern: re.Pattern[str],
    read: Callable[[str], float],
    settle: Callable[[list[tuple[int, float]]], list[float]],
) -> list[Piece]:
    found: list[tuple[int, float]] = []
    rests: list[str] = []
    for number, line in lines:
        match = pattern.fullmatch(line)
        if not match:
            if not line.strip() and number == len(lines):
                continue
            raise CaptureError(
                f"'{line.strip()[:60]}' has no time before it that can be read, such as"
                f" those of the lines before. If no line has one, say so with"
                " --timestamps none",
                line=number,
            )
        found.append((number, read(match["time"])))
        # The space after it may have been taken from an empty line.
        end = "\n" if line.endswith("\n") else ""
        rests.append(match["rest"] if match["rest"] is not None else end)
    return [
        Piece(rest, number, at)
        for (number, _), rest, at in zip(found, rests, settle(found), strict=True)
    ]


def _since_start(times: list[tuple[int, float]]) -> list[float]:
    """Return seconds from the start, that of the first line if they are a date's."""
    first = times[0][1]
    start = first if first > _EPOCH else 0.0
    for (_, before), (line, after) in pairwise(times):
        if after < before:
            raise CaptureError(
                f"the time {after:f} is before that of the line above, {before:f}",
                line=line,
            )
    return [time - start for _, time in times]


def _since_start_or_sums(times: list[tuple[int, float]]) -> list[float]:
    """Take times that go back again and again for those of `ts -i`."""
    seconds = [time for _, time in times]
    back = sum(after < before for before, after in pairwise(seconds))
    if seconds[0] < _EPOCH and back > 1 and back * 10 > len(seconds):
        return _sums(times)
    return _since_start(times)


def _sums(times: list[tuple[int, float]]) -> list[float]:
    return list(accumulate(time for _, time in times))


def _of_day(time: str) -> float:
    hours, minutes, seconds = time.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _over_midnight(times: list[tuple[int, float]]) -> list[float]:
    days, settled = 0.0, list[float]()
    for index, (line, time) in enumerate(times):
        if index and time < (before := times[index - 1][1]):
            if before - time < _DAY / 2:
                raise CaptureError(
                    "the time is before that of the line above", line=line
                )
            days += _DAY
        settled.append(days + time - times[0][1])
    return settled
