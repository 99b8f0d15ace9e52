"""Ollama's own API, one JSON object a line."""

from collections.abc import Sequence
from datetime import datetime

from streams.capture.frames import Event, Framing, Record
from streams.capture.reader import Reader, objects, record
from streams.core.directions import Channel

_REASONS = {"stop": "", "length": "length", "load": "", "unload": ""}


class OllamaChatReader(Reader):
    """`/api/chat`. There are no events with names."""

    format = "ollama-chat"
    framing = Framing.LINES
    ends_with = '"done": true'

    @classmethod
    def knows(cls, event: Event) -> bool:
        value = event.json()
        return isinstance(value, dict) and "done" in value and "message" in value

    @classmethod
    def sent_at(cls, events: Sequence[Event]) -> list[float]:
        """Read `created_at`: Ollama says in each line when it was made, and at the end
        how long all took, from the request."""
        values = [event.record() for event in events]
        try:
            times = [datetime.fromisoformat(value["created_at"]) for value in values]
            total = values[-1].get("total_duration", 0) / 1e9
            took = (times[-1] - times[0]).total_seconds()
        except (KeyError, TypeError, ValueError):
            return []
        if took <= 0:
            return []  # Not everybody who speaks Ollama's language tells the time.
        before = max(0.0, total - took)
        return [before + (time - times[0]).total_seconds() for time in times]

    def take(self, event: Event) -> None:
        value = event.record()
        if "error" in value:
            self.fails(value)
            return
        self._take_said(event, value)
        if value.get("done"):
            self.over = True
            self.ends(event, value.get("done_reason"), _REASONS)

    def _take_said(self, event: Event, value: Record) -> None:
        message = record(value.get("message"), event)
        self.say(event, Channel.REASONING, message.get("thinking"))
        self.say(event, Channel.ANSWER, message.get("content"))
        for call in objects(message.get("tool_calls"), event):
            function = record(call.get("function"), event)
            self.call_whole(event, function.get("name"), function.get("arguments"))


class OllamaGenerateReader(OllamaChatReader):
    """`/api/generate`."""

    format = "ollama-generate"

    @classmethod
    def knows(cls, event: Event) -> bool:
        value = event.json()
        return isinstance(value, dict) and "done" in value and "response" in value

    def _take_said(self, event: Event, value: Record) -> None:
        self.say(event, Channel.REASONING, value.get("thinking"))
        self.say(event, Channel.ANSWER, value.get("response"))
