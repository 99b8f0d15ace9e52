"""OpenAI's Chat Completions, and what others made of it."""

from streams.capture.frames import Event, Record
from streams.capture.reader import Reader, objects, record
from streams.core.directions import Channel

REASONS = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class ChatReader(Reader):
    """The first choice, of several."""

    format = "openai-chat"
    ends_with = "data: [DONE]"

    def __init__(self) -> None:
        super().__init__()
        self._call_id: object = None

    @classmethod
    def knows(cls, event: Event) -> bool:
        value = event.json()
        if not isinstance(value, dict):
            return False
        if value.get("object") == "chat.completion.chunk":
            return True
        choices = value.get("choices")
        return isinstance(choices, list) and any(
            isinstance(choice, dict) and "delta" in choice for choice in choices
        )

    def take(self, event: Event) -> None:
        if event.data == "[DONE]":
            self.over = True
            return
        value = event.record()
        if error := value.get("error"):
            self.fails(error)
            return
        for choice in objects(value.get("choices"), event):
            if choice.get("index"):
                self.leave_out(event, "all choices but the first")
                continue
            self.take_choice(event, choice)
            self.ends(event, choice.get("finish_reason"), REASONS)

    def take_choice(self, event: Event, choice: Record) -> None:
        """Take what one event says of the choice."""
        delta = record(choice.get("delta"), event)
        # The first is DeepSeek's name, which most took over, the other OpenRouter's.
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        self.say(event, Channel.REASONING, thought)
        self.say(event, Channel.ANSWER, delta.get("content"))
        self.say(event, Channel.REFUSAL, delta.get("refusal"))
        for call in objects(delta.get("tool_calls"), event):
            self._take_call(event, call.get("index", 0), call)
        if delta.get("function_call"):
            # Of before there were tools.
            self._take_call(event, "function", {"function": delta["function_call"]})

    def _take_call(self, event: Event, index: object, call: Record) -> None:
        called, call_id = record(call.get("function"), event), call.get("id")
        # Some repeat the name with every piece of the arguments, and some give all
        # calls the same index.
        another = index != self._call or (call_id and call_id != self._call_id)
        if called.get("name") and another:
            self.call(event, index, called["name"])
            self._call_id = call_id
        self.argue(event, index, called.get("arguments"))
