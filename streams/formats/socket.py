"""The frames of a WebSocket: one JSON object an event, with the fields of SSE."""

from streams.core.directions import Channel, NamedEvent, ToolCall
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.exceptions import Injected, Problem
from streams.formats.base import Context, Format, Writer
from streams.formats.failures import find_failure


def _frame(event: str, **fields: object) -> bytes:
    return to_utf8(dump_json({"event": event, **fields}) + "\n")


class SocketWriter(Writer):
    def opening(self) -> bytes:
        context = self.context
        about = {
            "run": context.run_id,
            "revision": context.revision,
            "seed": context.seed,
            "retry": context.retry_ms,
        }
        if context.fault:
            about["fault"] = context.fault
        frames = _frame("open", **about)
        if context.reset:
            frames += _frame("reset", id=context.event_id(0), data=context.reset)
        return frames

    def step(self, step: Step) -> bytes:
        event_id = self.context.event_id(step.position)
        match step.direction, step.channel:
            case None, Channel.TOOL:
                return b""  # Said already, with the call.
            case None, channel:
                name = "reasoning" if channel == Channel.REASONING else "message"
                head = f'{{"event":"{name}","id":"{event_id}","data":'
                return b"%s%s}\n" % (head.encode(), step.json)
            case direction, _ if isinstance(direction.value, ToolCall):
                tool = direction.value
                data = {"name": tool.name, "arguments": tool.arguments}
                return _frame("tool", id=event_id, data=data)
            case direction, _ if isinstance(direction.value, NamedEvent):
                named = direction.value
                head = f'{{"event":"{named.name}","id":"{event_id}","data":'
                return to_utf8(f"{head}{named.data}}}\n")
        return b""

    def closing(self) -> bytes:
        event_id = self.context.event_id(self.context.done_position)
        return _frame("done", id=event_id, data="[DONE]")

    def goodbye(self) -> bytes:
        return _frame("goodbye", data="the server stops: come back")

    def stopped(self, at: int) -> bytes:
        return _frame("stopped")

    def error(self, message: str, kind: str = "") -> bytes:
        return _frame("error", code=find_failure(kind).status, message=message)


class SocketFormat(Format):
    """`{"event": "message", "id": "…", "data": "…"}`, a line each.

    The consumer sends each line as a frame. Not in the registry: over HTTP, events
    have formats of their own.
    """

    name = "socket"
    reads_request = False
    # Its frames are messages, and those are text.
    divisible = False
    media_type = "application/x-ndjson"

    def writer(self, context: Context) -> Writer:
        return SocketWriter(context)

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        values: dict[str, object] = {"code": problem.status, "message": problem.message}
        if problem.param is not None:
            values["param"] = problem.param
        if isinstance(problem, Injected):
            # What the headers of an answer over HTTP say.
            values["fault"] = problem.run["faults"][0]
        return self.media_type, _frame("error", **values)
