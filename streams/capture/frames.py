"""The text of a captured stream → its events, lines or elements, in order.

Server-Sent Events are read as the HTML standard says (9.2.6), but strictly: a line that
no server of events sends means that the file is something else.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streams.capture.text import Captured
from streams.exceptions import CaptureError

Record = dict[str, Any]
"""A JSON object."""

_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|$)")
_SPACE = re.compile(r"\s*")
_FIELDS = ("data", "event", "id", "retry")


class Framing(StrEnum):
    """How a stream keeps its events apart, for people."""

    EVENTS = "Server-Sent Events"
    LINES = "JSON, an object a line"
    ARRAY = "a JSON array"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a stream, one line of JSON, or one element of an array."""

    data: str
    name: str = ""
    """What its `event:` says."""
    id: str = ""
    line: int
    """Where its data begins in the file."""
    at: float | None = None
    """Seconds from the start, when the last of it came."""
    whole: bool = True
    """Whether it has its end; without, it is the last of the file."""

    def json(self) -> object:
        """Return what its data says; None where that is no JSON."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return None

    def record(self) -> Record:
        """Return its data, a JSON object; raise CaptureError for anything else."""
        value = self.json()
        if isinstance(value, dict):
            return value
        if value is None and not self.whole:
            raise CaptureError(
                "the file ends inside an event: it was cut off", line=self.line
            )
        raise CaptureError(
            f"'{self.data[:60]}' is no JSON object, as this format has them",
            line=self.line,
        )


def read_events(captured: Captured) -> list[Event]:
    """Return all events; raise CaptureError for a text that is no stream's."""
    match framing(captured):
        case Framing.ARRAY:
            return list(_elements(captured))
        case Framing.LINES:
            _refuse_whole_answer(captured.text)
            return list(_json_lines(captured))
    return list(_server_sent_events(captured))


def framing(captured: Captured) -> Framing:
    """Tell how the events are kept apart."""
    first = captured.text.lstrip()[:1]
    return {"[": Framing.ARRAY, "{": Framing.LINES}.get(first, Framing.EVENTS)


def _server_sent_events(captured: Captured) -> Iterator[Event]:
    fields: dict[str, str] = {}
    data: list[str] = []
    begins = 0
    for offset, end, text in _lines(captured.text):
        if not text:
            if data:
                yield _event(captured, fields, data, begins, end - 1)
            fields, data = {}, []
            continue
        name, colon, value = text.partition(":")
        value = value.removeprefix(" ")
        if name and name not in _FIELDS:
            wrong = "has no field that events have" if colon else "is no field"
            raise CaptureError(
                f"'{text[:60]}' {wrong}: this is neither an event stream nor JSON."
                " Lines begin with data:, event:, id:, retry: or a colon; if they have"
                " times before them, see --timestamps",
                line=captured.piece(offset).line,
            )
        if name == "data":
            if not data:
                begins = offset
            data.append(value)
        elif name:
            fields[name] = value
    if data:
        last = len(captured.text) - 1
        yield _event(captured, fields, data, begins, last, whole=False)


def _event(
    captured: Captured,
    fields: dict[str, str],
    data: list[str],
    begins: int,
    ends: int,
    whole: bool = True,
) -> Event:
    return Event(
        data="\n".join(data),
        name=fields.get("event", ""),
        id=fields.get("id", ""),
        line=captured.piece(begins).line,
        at=captured.piece(ends).at,
        whole=whole,
    )


def _json_lines(captured: Captured) -> Iterator[Event]:
    for offset, end, text in _lines(captured.text):
        if not text.strip():
            continue
        piece = captured.piece(offset)
        event = Event(
            data=text.strip(),
            line=piece.line,
            at=captured.piece(end - 1).at,
            whole=end < len(captured.text) or captured.text.endswith(("\n", "\r")),
        )
        event.record()
        yield event


def _elements(captured: Captured) -> Iterator[Event]:
    """Read a JSON array whose end may be missing."""
    decoder, text = json.JSONDecoder(), captured.text
    offset = text.index("[") + 1
    while True:
        offset = _past_space(text, offset)
        if text[offset : offset + 1] == ",":
            offset = _past_space(text, offset + 1)
        rest = text[offset : offset + 1]
        if not rest:
            return
        if rest == "]":
            yield Event(
                data="]",
                line=captured.piece(offset).line,
                at=captured.piece(offset).at,
            )
            return
        line = captured.piece(offset).line
        try:
            _, end = decoder.raw_decode(text, offset)
        except (ValueError, RecursionError):
            yield Event(data=text[offset:], line=line, whole=False)
            return
        at = captured.piece(end - 1).at
        yield Event(data=text[offset:end], line=line, at=at)
        offset = end


def _lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield each line: where it begins, where the next one does, and its text."""
    for match in _LINE.finditer(text):
        if match.end() > match.start():
            yield match.start(), match.end(), match[1]


def _past_space(text: str, offset: int) -> int:
    found = _SPACE.match(text, offset)
    return found.end() if found else offset


def _refuse_whole_answer(text: str) -> None:
    """Raise CaptureError if the text is one JSON object, which no stream is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    # Ollama's stream may be one line long.
    if value.get("error"):
        raise CaptureError(f"The answer is an error: {_message(value['error'])}")
    if "log" in value:
        raise CaptureError(
            "The file is a browser's log (HAR): save the body of the one response, with"
            " `Copy response`, and record that."
        )
    if "done" not in value:
        raise CaptureError(
            "The file is one JSON object, an answer in whole: ask for a stream, with"
            ' "stream": true or as the API wants it, and capture that.',
        )


def _message(error: object) -> str:
    said = error.get("message", error) if isinstance(error, dict) else error
    return str(said)[:200]
