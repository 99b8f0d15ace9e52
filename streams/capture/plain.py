"""Our own events, and those of any server that sends text as it is."""

import json
import re

from streams.capture.frames import Event, Record
from streams.capture.reader import Reader
from streams.core.directions import Channel
from streams.exceptions import CaptureError

_OWN_ID = re.compile(r"[0-9a-f]{16}-\d+")


class PlainReader(Reader):
    """Each event's data is text; `reasoning`, `tool`, `done`, `error` are events."""

    format = "plain"
    ends_with = "event: done"

    @classmethod
    def knows(cls, event: Event) -> bool:
        # Text that is a JSON object is probably a format's that we do not know.
        broken = event.data.startswith("{") and not event.whole
        return not broken and not isinstance(event.json(), dict)

    def take(self, event: Event) -> None:
        # A server that is not ours says in no other way that it is through.
        self.over = event.whole and not _OWN_ID.fullmatch(event.id)
        match event.name:
            case "" | "message":
                self._take_text(event, self.text(event))
            case "reasoning":
                self.say(event, Channel.REASONING, self.text(event))
            case "tool":
                self._take_tool(event, self.text(event))
            case "done":
                self.over = True
            case "error":
                self.fails(event.json())
            case "reset":
                self.leave_out(event, "a `reset`")
            case name:
                self._take_named(event, name)

    def text(self, event: Event) -> str:
        """Return an event's text."""
        return event.data

    def _take_text(self, event: Event, text: str) -> None:
        if text != "[DONE]":
            self.say(event, Channel.ANSWER, text)

    def _take_tool(self, event: Event, text: str) -> None:
        try:
            called = json.loads(text)
            name, arguments = called["name"], called["arguments"]
        except (ValueError, TypeError, KeyError):
            raise CaptureError(
                f"the event `tool` has '{text[:60]}', not"
                ' {"name": "…", "arguments": "…"}',
                line=event.line,
            ) from None
        self.call(event, None, name)
        self.argue(event, None, arguments)

    def _take_named(self, event: Event, name: str) -> None:
        try:
            self.named(event, name, json.loads(self.text(event)))
        except (ValueError, RecursionError):
            self.leave_out(event, f"the event `{name[:40]}`, whose data is no JSON")


class EnvelopeReader(PlainReader):
    """The same within `{"code": 200, "message": …, "event": {"id": …, "data": …}}`."""

    format = "envelope"

    @classmethod
    def knows(cls, event: Event) -> bool:
        value = event.json()
        return isinstance(value, dict) and {"code", "message", "event"} <= set(value)

    def text(self, event: Event) -> str:
        wrapped: Record = event.record()
        inner = wrapped.get("event")
        if not isinstance(inner, dict) or not isinstance(inner.get("data"), str):
            raise CaptureError(
                f"'{event.data[:60]}' has no text at event.data", line=event.line
            )
        text: str = inner["data"]
        return text
