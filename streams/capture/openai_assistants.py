"""OpenAI's Assistants, version 2."""

from streams.capture.frames import Event, Record
from streams.capture.reader import Reader, objects, record
from streams.core.directions import Channel

_ENDS = {
    "thread.run.completed": "",
    "thread.run.requires_action": "",
    "thread.run.incomplete": "length",
}
_STOPPED = ("thread.run.cancelled", "thread.run.expired")
_FRAMES = ("thread.created", "thread.run.", "thread.message.")
_REASONS = {"max_tokens": "length", "content_filter": "content_filter"}


class AssistantsReader(Reader):
    """What a run says; events that are not the API's by their names."""

    format = "openai-assistants"
    ends_with = "event: done"

    @classmethod
    def knows(cls, event: Event) -> bool:
        return event.name.startswith("thread.")

    def take(self, event: Event) -> None:
        match event.name:
            case "done":
                self.over = True
            case "error":
                value = event.record()
                self.fails(value.get("error") or value)
            case "thread.message.delta":
                for part in objects(self._delta(event).get("content"), event):
                    self._take_part(event, part)
            case "thread.run.step.delta":
                details = record(self._delta(event).get("step_details"), event)
                for call in objects(details.get("tool_calls"), event):
                    self._take_call(event, call)
            case "thread.message.incomplete":
                details = record(event.record().get("incomplete_details"), event)
                self.ends(event, details.get("reason"), _REASONS)
            case "thread.run.failed":
                self.fails(event.record().get("last_error"))
            case name if name in _ENDS:
                self.reason_seen = True
                self.finish = self.finish or _ENDS[name]
            case name if name in _STOPPED:
                self.reason_seen = True
                self.note(f"`{name}`: the script ends as if the run had completed")
            case name if not name.startswith(_FRAMES):
                self.named(event, name, event.record())

    def _delta(self, event: Event) -> Record:
        return record(event.record().get("delta"), event)

    def _take_part(self, event: Event, part: Record) -> None:
        if part.get("type") == "text":
            text = record(part.get("text"), event)
            self.say(event, Channel.ANSWER, text.get("value"))
        elif part.get("type") == "refusal":
            self.say(event, Channel.REFUSAL, part.get("refusal"))
        else:
            self.leave_out(event, f"a part of type '{part.get('type')}'")

    def _take_call(self, event: Event, call: Record) -> None:
        if "function" not in call:
            self.leave_out(event, f"a tool of type '{call.get('type')}'")
            return
        function = record(call["function"], event)
        if function.get("name"):
            self.call(event, call.get("index"), function["name"])
        self.argue(event, call.get("index"), function.get("arguments"))
