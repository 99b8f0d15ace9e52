"""Anthropic's Messages."""

from streams.capture.frames import Event, Record
from streams.capture.reader import Reader, record
from streams.core.directions import Channel

_REASONS = {
    # What follows from the rest.
    "end_turn": "",
    "stop_sequence": "",
    "tool_use": "",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
_DELTAS = {
    "text_delta": ("text", Channel.ANSWER),
    "thinking_delta": ("thinking", Channel.REASONING),
}
_BLOCKS = {"text": Channel.ANSWER, "thinking": Channel.REASONING}
_EVENTS = frozenset(
    {
        *("message_start", "content_block_start", "content_block_delta"),
        *("content_block_stop", "message_delta", "message_stop"),
    }
)


class MessagesReader(Reader):
    """Text, thinking and the caller's tools; other blocks and events by their names."""

    format = "anthropic"
    ends_with = "message_stop"

    def __init__(self) -> None:
        super().__init__()
        self._others: set[object] = set()
        """Indexes of the blocks that scripts have no word for."""

    @classmethod
    def knows(cls, event: Event) -> bool:
        return _kind(event) in _EVENTS

    def take(self, event: Event) -> None:
        value = event.record()
        match _kind(event):
            case "message_start" | "ping":
                pass
            case "message_stop":
                self.over = True
            case "message_delta":
                delta = record(value.get("delta"), event)
                self.ends(event, delta.get("stop_reason"), _REASONS)
            case "error":
                self.fails(value.get("error") or value)
            case "content_block_start":
                self._take_block(event, value)
            case "content_block_stop":
                if value.get("index") in self._others:
                    self._keep(event, value)
            case "content_block_delta":
                self._take_delta(event, value)
            case _:
                self._keep(event, value)

    def _take_block(self, event: Event, value: Record) -> None:
        block = record(value.get("content_block"), event)
        kind = block.get("type")
        if kind == "tool_use":
            self.call(event, value.get("index"), block.get("name"))
        elif kind in _BLOCKS:
            self.say(event, _BLOCKS[kind], block.get(kind))
        else:
            self._others.add(value.get("index"))
            self._keep(event, value)

    def _take_delta(self, event: Event, value: Record) -> None:
        delta = record(value.get("delta"), event)
        kind = delta.get("type")
        if value.get("index") in self._others:
            self._keep(event, value)
        elif kind in _DELTAS:
            field, channel = _DELTAS[kind]
            self.say(event, channel, delta.get(field))
        elif kind == "input_json_delta":
            self.argue(event, value.get("index"), delta.get("partial_json"))
        elif kind != "signature_delta":
            self._keep(event, value)

    def _keep(self, event: Event, value: Record) -> None:
        payload = {key: item for key, item in value.items() if key != "type"}
        self.named(event, _kind(event), payload)


def _kind(event: Event) -> str:
    value = event.json()
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else event.name
