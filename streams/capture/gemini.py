"""Google's Gemini, as Server-Sent Events and as one JSON array."""

from streams.capture.frames import Event, Framing, Record
from streams.capture.reader import Reader, objects, record
from streams.core.directions import Channel

_REASONS = {
    # What follows from the rest: there is no other word after a tool call.
    "STOP": "",
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"),
        "content_filter",
    ),
}
_FIELDS = ("candidates", "promptFeedback", "usageMetadata")


class GeminiReader(Reader):
    """The first candidate, of several. There are no events with names."""

    format = "gemini"
    ends_with = "finishReason"

    @classmethod
    def knows(cls, event: Event) -> bool:
        value = event.json()
        return isinstance(value, dict) and any(field in value for field in _FIELDS)

    def take(self, event: Event) -> None:
        if event.data == "]":
            self.over = True
            return
        value = event.record()
        if error := value.get("error"):
            self.fails(error)
            return
        feedback = record(value.get("promptFeedback"), event)
        if feedback.get("blockReason"):
            self.reason_seen, self.finish = True, "content_filter"
        for candidate in objects(value.get("candidates"), event):
            if candidate.get("index"):
                self.leave_out(event, "all candidates but the first")
                continue
            content = record(candidate.get("content"), event)
            for part in objects(content.get("parts"), event):
                self._take_part(event, part)
            self.ends(event, candidate.get("finishReason"), _REASONS)

    def _take_part(self, event: Event, part: Record) -> None:
        if "text" in part:
            channel = Channel.REASONING if part.get("thought") else Channel.ANSWER
            self.say(event, channel, part["text"])
        elif "functionCall" in part:
            called = record(part["functionCall"], event)
            self.call_whole(event, called.get("name"), called.get("args"))
        elif set(part) - {"thoughtSignature", "thought"}:
            self.leave_out(event, f"a part `{next(iter(part))}`")


class GeminiArrayReader(GeminiReader):
    """The same responses as elements of an array."""

    format = "gemini-array"
    framing = Framing.ARRAY
    ends_with = "the bracket ]"
