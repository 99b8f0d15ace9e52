"""Deltas as they came → deltas as a script can say them.

Scripts have no CR, no NUL and no halves of characters; the arguments of a tool call are
one JSON object; white space between tool calls is not said.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from streams.capture.recording import Called, Entry, Said
from streams.core.directions import Channel
from streams.core.script import normalise
from streams.exceptions import CaptureError

_HIGH = re.compile("[\ud800-\udbff]$")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_JSON_SPACE = " \t\n\r"
_ESCAPED = r"--\u003e"


def tidied(entries: Sequence[Entry]) -> list[Entry]:
    """Return what a script can say; raise CaptureError for what none can."""
    tidy: list[Entry] = []
    runs = [list(run) for _, run in groupby(entries, _kind)]
    for index, run in enumerate(runs):
        before = runs[index - 1][-1] if index else None
        after = runs[index + 1][0] if index + 1 < len(runs) else None
        said = [entry for entry in run if isinstance(entry, Said)]
        if said and said[0].channel == Channel.TOOL:
            if isinstance(before, Called):
                tidy.extend(_arguments(before, said))
        elif said:
            made_together = _is_argument(before) and isinstance(after, Called)
            if not (made_together and _is_blank(said)):
                tidy.extend(_as_stored(said))
        else:
            for entry, following in zip(run, [*run[1:], after], strict=True):
                tidy.append(entry)
                if isinstance(entry, Called) and not _is_argument(following):
                    # None were sent, which stands for an empty object.
                    tidy.extend(_arguments(entry, []))
    return tidy


def _kind(entry: Entry) -> Channel | None:
    return entry.channel if isinstance(entry, Said) else None


def _is_argument(entry: Entry | None) -> bool:
    """Tell whether an entry belongs to the arguments of a tool call."""
    return isinstance(entry, Said) and entry.channel == Channel.TOOL


def _is_blank(run: Sequence[Said]) -> bool:
    return not "".join(said.text for said in run).strip()


def _as_stored(run: Sequence[Said]) -> Iterator[Said]:
    """Yield the deltas as scripts are stored, each character in one piece.

    One that gets empty is left out; what comes after it keeps its time.
    """
    kept = ""  # the first half of a character, whose other half comes next
    last = "\n"
    for index, said in enumerate(run):
        text = kept + said.text
        kept = ""
        if last == "\r":
            text = text.removeprefix("\n")
        last = said.text[-1]
        if index + 1 < len(run) and (half := _HIGH.search(text)):
            kept, text = half[0], text[: half.start()]
        if text := normalise(_PAIR.sub(_joined, text)):
            yield replace(said, text=text)


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _arguments(call: Called, run: Sequence[Said]) -> Iterator[Said]:
    """Yield the deltas of a call's arguments, without white space around them all.

    A script cannot hold the end of its own comment, so that an escaped one becomes
    what it stands for.
    """
    run = list(_as_stored(run))
    whole = "".join(said.text for said in run)
    if not whole.strip(_JSON_SPACE):
        line = run[0].line if run else call.line
        at = run[0].at if run else call.at
        yield Said(text="{}", channel=Channel.TOOL, at=at, line=line)
        return
    _check(call, whole, run[-1].line)
    stripped = whole.strip(_JSON_SPACE)
    lead = len(whole) - len(whole.lstrip(_JSON_SPACE))
    text = unescaped(stripped)
    escapes = [found.start() for found in re.finditer(re.escape(_ESCAPED), stripped)]
    done = offset = 0
    for said in run:
        offset += len(said.text)
        there = _said_by(min(max(0, offset - lead), len(stripped)), escapes)
        if there > done:
            yield replace(said, text=text[done:there])
            done = there


def unescaped(arguments: str) -> str:
    """Return arguments as a script's `verbatim` says them."""
    return arguments.replace(_ESCAPED, "-->")


def _said_by(offset: int, escapes: Sequence[int]) -> int:
    """Return how much of the unescaped arguments is said once `offset` is reached.

    `escapes` says where escapes begin. One that the offset divides is said with what
    comes after.
    """
    before = bisect_left(escapes, offset)
    if before and offset < escapes[before - 1] + len(_ESCAPED):
        before -= 1
        offset = escapes[before]
    return offset - before * (len(_ESCAPED) - len("-->"))


def _check(call: Called, arguments: str, line: int) -> None:
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise CaptureError(
            f"the arguments of the tool call '{call.name}', which end here, are no JSON"
            f" object: '{arguments[:60]}'. Was the answer cut off by a limit of tokens?"
            " Record one that was not",
            line=line,
        )
