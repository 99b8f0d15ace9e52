"""The frames of a WebSocket: one JSON object an event, with the fields of SSE."""

from streams.core.plan import Step
from streams.core.sse import to_utf8
from streams.exceptions import Problem
from streams.formats.base import Context, Format, dump_json


class SocketFormat(Format):
    """`{"event": "message", "id": "…", "data": "…"}`, a line each.

    The consumer sends each line as a frame. Not in the registry: over HTTP, events
    have formats of their own.
    """

    name = "socket"
    media_type = "application/x-ndjson"

    def opening(self, context: Context) -> bytes:
        about = {
            "run": context.run_id,
            "revision": context.revision,
            "seed": context.seed,
            "retry": context.retry_ms,
        }
        frames = self._frame("open", **about)
        if context.reset:
            event_id = context.event_id(0)
            frames += self._frame("reset", id=event_id, data=context.reset)
        return frames

    def step(self, step: Step, context: Context) -> bytes:
        if step.direction is not None:
            return b""
        event_id = context.event_id(step.position)
        return self._frame("message", id=event_id, data=step.text)

    def closing(self, context: Context) -> bytes:
        event_id = context.event_id(context.done_position)
        return self._frame("done", id=event_id, data="[DONE]")

    def goodbye(self, context: Context) -> bytes:
        return self._frame("goodbye", data="the server stops: come back")

    def error(self, message: str, context: Context) -> bytes:
        return self._frame("error", code=500, message=message)

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        values = {"code": problem.status, "message": problem.message}
        if problem.param is not None:
            values["param"] = problem.param
        return self.media_type, self._frame("error", **values)

    def _frame(self, event: str, **fields: object) -> bytes:
        return to_utf8(dump_json({"event": event, **fields}) + "\n")
