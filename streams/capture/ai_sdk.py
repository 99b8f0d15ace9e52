"""The UI message stream of Vercel's AI SDK, versions 5 and later."""

from streams.capture.frames import Event, Record
from streams.capture.reader import Reader
from streams.core.directions import Channel

_REASONS = {
    "stop": "stop",
    "length": "length",
    "tool-calls": "tool_calls",
    "content-filter": "content_filter",
    # Of a stream that says nothing better.
    "other": "",
    "unknown": "",
}
_TEXTS = {"text-delta": Channel.ANSWER, "reasoning-delta": Channel.REASONING}
_FRAMES = frozenset(
    {
        *("start", "start-step", "finish-step", "message-metadata"),
        *("text-start", "text-end", "reasoning-start", "reasoning-end"),
    }
)
_TOOL = "tool-input-"
_DATA = "data-"


class UIMessageReader(Reader):
    """Text, reasoning and tool calls; data parts by their names."""

    format = "ai-sdk"
    ends_with = "data: [DONE]"

    def __init__(self) -> None:
        super().__init__()
        self._called: set[object] = set()

    @classmethod
    def knows(cls, event: Event) -> bool:
        value = event.json()
        if event.name or not isinstance(value, dict):
            return False
        kind = value.get("type")
        return isinstance(kind, str) and (kind in _FRAMES or kind in _TEXTS)

    def take(self, event: Event) -> None:
        if event.data == "[DONE]":
            self.over = True
            return
        value = event.record()
        kind = str(value.get("type", ""))
        if kind in _TEXTS:
            self.say(event, _TEXTS[kind], value.get("delta"))
        elif kind.startswith(_TOOL):
            self._take_tool(event, kind.removeprefix(_TOOL), value)
        elif kind == "finish":
            self.ends(event, value.get("finishReason", "stop"), _REASONS)
        elif kind == "error":
            self.fails(value)
        elif kind == "abort":
            self.over = True
            self.note("the stream was aborted: the script ends as if it had not been")
        elif kind.startswith(_DATA):
            self.named(event, kind.removeprefix(_DATA), value.get("data"))
        elif kind not in _FRAMES:
            self.leave_out(event, f"a part of type '{kind[:40]}'")

    def _take_tool(self, event: Event, what: str, value: Record) -> None:
        call_id = value.get("toolCallId")
        if what == "delta":
            self.argue(event, call_id, value.get("inputTextDelta"))
        elif call_id not in self._called:
            self._called.add(call_id)
            if what == "start":
                self.call(event, call_id, value.get("toolName"))
            else:
                # Without a start: the arguments come at once.
                self.call_whole(event, value.get("toolName"), value.get("input"))
