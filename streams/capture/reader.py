"""What the readers of all formats have in common: they are given a stream's events in
order, and put together what was said."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from streams.capture.frames import Event, Framing, Record
from streams.capture.recording import Called, Entry, Named, Said
from streams.core.directions import Channel
from streams.core.encoding import dump_json
from streams.exceptions import CaptureError

# What vendors' types, codes and statuses of errors have in them.
_KINDS = {
    **dict.fromkeys(("overloaded", "unavailable", "529", "503"), "overloaded"),
    **dict.fromkeys(("rate_limit", "exhausted", "quota", "429"), "rate_limit"),
    **dict.fromkeys(("timeout", "deadline", "504"), "timeout"),
    **dict.fromkeys(("invalid", "400"), "invalid_request"),
}


class Reader(ABC):
    """Reads one captured answer in one format."""

    format: ClassVar[str]
    framing: ClassVar[Framing] = Framing.EVENTS
    ends_with: ClassVar[str]
    """What the last event is, for people."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.finish = ""
        """As in Recording."""
        self.failure = ""
        self.reason_seen = False
        """Whether it was said why the text ends."""
        self.over = False
        """Whether the stream's last event was there."""
        self.notes: dict[str, None] = {}
        """What cannot be kept, each once, in order."""
        self._left_out: set[str] = set()
        self._call: object = None
        """Key of the tool call whose arguments come now."""

    @classmethod
    @abstractmethod
    def knows(cls, event: Event) -> bool:
        """Tell whether an event can only be of this format."""

    @classmethod
    def sent_at(cls, events: Sequence[Event]) -> list[float]:
        """Return when each event came if they say so themselves, else nothing."""
        return []

    @abstractmethod
    def take(self, event: Event) -> None:
        """Read the next event; raise CaptureError for one that cannot be."""

    def say(self, event: Event, channel: Channel, text: object) -> None:
        """Add a delta; JSON's null is none."""
        if text is None:
            return
        if not isinstance(text, str):
            raise CaptureError(
                f"{dump_json(text)[:60]} stands where a text must", line=event.line
            )
        if text:
            said = Said(text=text, channel=channel, at=event.at, line=event.line)
            self.entries.append(said)

    def call(self, event: Event, key: object, name: object) -> None:
        """Begin a tool call; `key` tells its arguments from those of others."""
        if not isinstance(name, str) or not name:
            raise CaptureError("a tool call has no name", line=event.line)
        self._call = key
        self.entries.append(Called(name=name, at=event.at, line=event.line))

    def argue(self, event: Event, key: object, text: object) -> None:
        """Add to the arguments of the call that was begun last."""
        if text and (key != self._call or not self._in_call()):
            raise CaptureError(
                "arguments come for another tool call than the last: a script says one"
                " call after the other. Record an answer without parallel calls",
                line=event.line,
            )
        self.say(event, Channel.TOOL, text)

    def call_whole(self, event: Event, name: object, arguments: object) -> None:
        """Add a tool call whose arguments come at once, as a JSON object."""
        self.call(event, None, name)
        self.argue(event, None, dump_json(arguments or {}))

    def named(self, event: Event, name: str, payload: object) -> None:
        """Keep an event that scripts have no other word for."""
        named = Named(
            name=name, payload=dump_json(payload), at=event.at, line=event.line
        )
        self.entries.append(named)

    def ends(self, event: Event, reason: object, reasons: dict[str, str]) -> None:
        """Take in why the text ends; `reasons` says what the script's words are.

        A reason with an empty word is what scripts end with unless told otherwise.
        """
        if not reason:
            return
        self.reason_seen = True
        if str(reason) in reasons:
            self.finish = reasons[str(reason)]
        else:
            self.note(
                f"finish reason '{str(reason)[:40]}' on line {event.line} is none that"
                " scripts know: it becomes `stop`"
            )

    def fails(self, error: object) -> None:
        """Take in the error that ends the stream."""
        words = error_words(error).lower()
        found = (kind for word, kind in _KINDS.items() if word in words)
        self.failure = next(found, "server")
        self.over = True

    def note(self, text: str) -> None:
        self.notes[text] = None

    def leave_out(self, event: Event, what: str) -> None:
        """Say, once, that something is there which a script cannot say."""
        if what not in self._left_out:
            self._left_out.add(what)
            self.note(f"left out: {what} (first on line {event.line})")

    def _in_call(self) -> bool:
        if not self.entries:
            return False
        last = self.entries[-1]
        return isinstance(last, Called) or (
            isinstance(last, Said) and last.channel == Channel.TOOL
        )


def error_words(error: object) -> str:
    """Return what an error's type, code and status say."""
    if not isinstance(error, dict):
        return ""
    return " ".join(str(error.get(key, "")) for key in ("type", "code", "status"))


def objects(value: Any, event: Event) -> list[Record]:
    """Return a list of JSON objects, or an empty one for null."""
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise CaptureError(
        f"{dump_json(value)[:60]} stands where a list of objects must", line=event.line
    )


def record(value: Any, event: Event) -> Record:
    """Return a JSON object, or an empty one for null."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise CaptureError(
        f"{dump_json(value)[:60]} stands where an object must", line=event.line
    )
