"""OpenAI's Responses."""

from streams.capture.frames import Event, Record
from streams.capture.reader import Reader, record
from streams.core.directions import Channel

_TEXTS = {
    "response.output_text.delta": Channel.ANSWER,
    "response.refusal.delta": Channel.REFUSAL,
    "response.reasoning_text.delta": Channel.REASONING,
    "response.reasoning_summary_text.delta": Channel.REASONING,
}
_ARGUMENTS = "response.function_call_arguments.delta"
_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}
# What a stream of the format has anyway, around the deltas.
_FRAMES = frozenset(
    {
        *("response.created", "response.queued", "response.in_progress"),
        *("response.output_item.done", "keepalive"),
        *("response.content_part.added", "response.content_part.done"),
        *("response.output_text.done", "response.refusal.done"),
        *("response.reasoning_text.done", "response.reasoning_summary_text.done"),
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        "response.function_call_arguments.done",
    }
)


class ResponsesReader(Reader):
    """Text, reasoning, refusals and function calls; other events by their names."""

    format = "openai-responses"
    ends_with = "response.completed"

    @classmethod
    def knows(cls, event: Event) -> bool:
        return _kind(event).startswith("response.")

    def take(self, event: Event) -> None:
        kind = _kind(event)
        if event.data == "[DONE]" or kind in _FRAMES:
            return
        value = event.record()
        match kind:
            case "response.completed":
                self.reason_seen = self.over = True
            case "response.incomplete":
                self._take_end(event, record(value.get("response"), event))
            case "response.failed":
                # `error` came before it, if it came the way that OpenAI sends it.
                if not self.failure:
                    self.fails(record(value.get("response"), event).get("error"))
            case "error":
                self.fails(value.get("error") or value)
            case "response.output_item.added":
                self._take_item(event, value)
            case _ if kind in _TEXTS:
                self.say(event, _TEXTS[kind], value.get("delta"))
            case _ if kind == _ARGUMENTS:
                self.argue(event, value.get("output_index"), value.get("delta"))
            case _:
                self._keep(event, kind, value)

    def _take_end(self, event: Event, response: Record) -> None:
        details = record(response.get("incomplete_details"), event)
        self.over = self.reason_seen = True
        if response.get("status") == "cancelled":
            self.note("the answer was cancelled: the script ends as if it had not been")
        else:
            self.ends(event, details.get("reason", "unknown"), _REASONS)

    def _take_item(self, event: Event, value: Record) -> None:
        item = record(value.get("item"), event)
        if item.get("type") == "function_call":
            self.call(event, value.get("output_index"), item.get("name"))
            self.argue(event, value.get("output_index"), item.get("arguments"))
        elif item.get("type") not in ("message", "reasoning"):
            self._keep(event, _kind(event), value)

    def _keep(self, event: Event, kind: str, value: Record) -> None:
        # Both are written anew when it is said.
        own = ("type", "sequence_number")
        self.named(event, kind, {k: v for k, v in value.items() if k not in own})


def _kind(event: Event) -> str:
    value = event.json()
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else event.name
