"""`plain`: the text itself as Server-Sent Events, one event a chunk."""

from http import HTTPStatus

from streams.core.plan import Step
from streams.core.sse import ServerSentEvent, comment, to_utf8
from streams.exceptions import Problem
from streams.formats.base import Context, Format, dump_json

SOON_MS = 500
"""When to come back to a server that is being replaced."""


class PlainFormat(Format):
    """For `EventSource` and anything else that reads Server-Sent Events."""

    name = "plain"
    heartbeat = comment("heartbeat")

    def opening(self, context: Context) -> bytes:
        # No blank line here: a block with nothing but `retry:` reaches some clients as
        # an empty event. These lines belong to the block of the first event.
        lines = comment(f"run {context.run_id}") + b"retry: %d\n" % context.retry_ms
        if context.reset:
            data = self.data(context.reset, context.event_id(0), "reset")
            lines += ServerSentEvent(
                event="reset", id=context.event_id(0), data=data
            ).encode()
        return lines

    def step(self, step: Step, context: Context) -> bytes:
        if step.direction is not None:
            return b""
        event_id = context.event_id(step.position)
        return ServerSentEvent(
            id=event_id, data=self.data(step.text, event_id, "success")
        ).encode()

    def closing(self, context: Context) -> bytes:
        event_id = context.event_id(context.done_position)
        return ServerSentEvent(event="done", id=event_id, data="[DONE]").encode()

    def error(self, message: str, context: Context) -> bytes:
        data = dump_json({"code": 500, "message": message, "run": context.run_id})
        return ServerSentEvent(event="error", data=data).encode()

    def goodbye(self, context: Context) -> bytes:
        # Clients obey `retry:` at its line end (HTML standard, 9.2.6); a blank line
        # would make some see an empty event.
        return comment("the server stops: come back") + b"retry: %d\n" % SOON_MS

    def come_back(self, problem: Problem, milliseconds: int) -> bytes:
        return comment(problem.message) + b"retry: %d\n\n" % milliseconds

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        """Return problem details, RFC 9457."""
        details = {
            "type": "about:blank",
            "title": HTTPStatus(problem.status).phrase,
            "status": problem.status,
            "detail": problem.message,
            "code": problem.code,
        }
        if problem.param is not None:
            details["param"] = problem.param
        return "application/problem+json", to_utf8(dump_json(details) + "\n")

    def data(self, text: str, event_id: str, message: str) -> str:
        """Return an event's data; a format that wraps the text does so here."""
        return text
