"""The streaming events of OpenAI's Responses API.

Their sequence is that of the API reference ("Streaming events"). The event `error` is
as OpenAI sends it, its fields within `error`, and not as the reference has it: SDKs
raise for that one only.
"""

from collections.abc import Mapping

from streams.core.directions import Channel, ToolCall
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.formats.base import Context, Writer
from streams.formats.failures import find_failure
from streams.formats.openai import stream_error
from streams.formats.openai_responses_object import (
    Item,
    final_status,
    last_status,
    response_object,
    settings_of,
)
from streams.formats.reply import Part


class ResponsesWriter(Writer):
    """Numbered events. A client that has seen some of them gets those after."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        options = context.call.options
        self._seen: int = options.get("starting_after", -1)
        self._kept: bool = options.get("kept", False)
        self._cancelled: bool = options.get("cancelled", False)
        # Until the first of it is said, a response in the background waits its turn.
        self._queued = bool(settings_of(context)["background"])
        self._number = 0
        """Of the next event."""
        self._output: list[dict[str, object]] = []
        """The items that are done."""
        self._item: Item | None = None
        self._around_delta = (b"", b"", b"")
        """What stands before, between and after the number and the text of a delta."""

    def opening(self) -> bytes:
        status = "queued" if self._queued else "in_progress"
        return self._response("created", status) + self._response(status, status)

    def step(self, step: Step) -> bytes:
        if step.direction is not None:
            tool = step.direction.value
            if not isinstance(tool, ToolCall):
                return b""
            return self._begin(Part(channel=Channel.TOOL, name=tool.name))
        begin = b""
        if self._item is None or self._item.parts[-1].channel != step.channel:
            begin = self._begin(Part(channel=step.channel))
        return begin + self._say(step)

    def closing(self) -> bytes:
        status = "cancelled" if self._cancelled else final_status(self.context)
        begin = b"" if self._cancelled else self._leave_queue()
        end = self._end_item(last_status(status))
        # There is no event for a response that was cancelled: it is incomplete.
        event = status if status == "completed" else "incomplete"
        return begin + end + self._response(event, status)

    def error(self, message: str, kind: str = "") -> bytes:
        # Also to whoever asked for later events than there are.
        self._number = max(self._number, self._seen + 1)
        failed = stream_error(message, self.context, kind)
        reason = {
            "code": find_failure(kind).code,
            "message": f"{message} (run {self.context.run_id})",
        }
        return self._event("error", failed) + self._response("failed", "failed", reason)

    def goodbye(self) -> bytes:
        if not self._kept:
            return super().goodbye()
        # It has the number of the last event: whoever goes on after it misses none.
        self._number = max(self._number - 1, self._seen)
        self._seen = self._number - 1
        return self._event(
            "error",
            stream_error(
                "The server stops, and the response goes on: retrieve it with"
                f" stream=true and starting_after={self._number}.",
                self.context,
                "",
            ),
        )

    def _begin(self, part: Part) -> bytes:
        begin = self._leave_queue()
        if self._item is not None and self._item.takes(part):
            begin += self._end_part(self._item)
        else:
            begin += self._end_item("completed")
            self._item = Item(self.context, len(self._output), part)
            begin += self._item_event("added", self._item.as_json("in_progress"))
        self._item.parts.append(part)
        kind = self._item.kind(part)
        place = self._place(self._item)
        if kind.part_events:
            empty = {"part": kind.as_part("")}
            begin += self._event(f"{kind.part_events}.added", place | empty)
        name = f"{kind.events}.delta"
        self._around_delta = (
            to_utf8(f'event: {name}\ndata: {{"type":"{name}","sequence_number":'),
            to_utf8(f',{dump_json(place)[1:-1]},"delta":'),
            b',"logprobs":[]}\n\n' if kind.logprobs else b"}\n\n",
        )
        return begin

    def _say(self, step: Step) -> bytes:
        if self._item is not None:
            self._item.parts[-1].add(step.text)
        number = self._number
        self._number += 1
        if number <= self._seen:
            return b""
        before, between, after = self._around_delta
        return b"%s%d%s%s%s" % (before, number, between, step.json, after)

    def _end_part(self, item: Item) -> bytes:
        part = item.parts[-1]
        kind, place, text = item.kind(part), self._place(item), part.text
        empty: dict[str, object] = {"logprobs": []} if kind.logprobs else {}
        end = self._event(f"{kind.events}.done", place | empty | {kind.field: text})
        if kind.part_events:
            whole = {"part": kind.as_part(text)}
            end += self._event(f"{kind.part_events}.done", place | whole)
        return end

    def _end_item(self, status: str) -> bytes:
        if self._item is None:
            return b""
        end = self._end_part(self._item)
        done = self._item.as_json(status)
        end += self._item_event("done", done)
        self._output.append(done)
        self._item = None
        return end

    def _place(self, item: Item) -> dict[str, object]:
        """Return what says which part the events of a part belong to."""
        place: dict[str, object] = {"item_id": item.id, "output_index": item.index}
        if index := item.kind(item.parts[-1]).index:
            place[index] = len(item.parts) - 1
        return place

    def _leave_queue(self) -> bytes:
        if not self._queued:
            return b""
        self._queued = False
        return self._response("in_progress", "in_progress")

    def _item_event(self, name: str, item: dict[str, object]) -> bytes:
        fields = {"output_index": len(self._output), "item": item}
        return self._event(f"response.output_item.{name}", fields)

    def _response(
        self, name: str, status: str, error: dict[str, str] | None = None
    ) -> bytes:
        output = self._output
        if self._item is not None:
            output = [*output, self._item.as_json(last_status(status))]
        response = response_object(self.context, output, status, error)
        return self._event(f"response.{name}", {"response": response})

    def _event(self, name: str, fields: Mapping[str, object]) -> bytes:
        number = self._number
        self._number += 1
        if number <= self._seen:
            return b""
        data = {"type": name, "sequence_number": number, **fields}
        return to_utf8(f"event: {name}\ndata: {dump_json(data)}\n\n")
