"""`plain`: the text itself as Server-Sent Events, one event a chunk."""

from http import HTTPStatus

from streams.core.directions import Channel, NamedEvent, ToolCall
from streams.core.encoding import dump_json, to_utf8
from streams.core.sse import ServerSentEvent, comment
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats.base import Context, Format, Writer
from streams.formats.breaking import break_fields
from streams.formats.failures import find_failure

SOON_MS = 500
"""When to come back to a server that is being replaced."""


class PlainWriter(Writer):
    """Chunks as `message` events; reasoning, tool calls and the script's own events as
    events of their name."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._id = b"id: %s-" % context.revision.encode()

    def opening(self) -> bytes:
        # No blank line here: a block with nothing but `retry:` reaches some clients as
        # an empty event. These lines belong to the block of the first event.
        context = self.context
        lines = comment(f"run {context.run_id}") + b"retry: %d\n" % context.retry_ms
        if context.reset:
            lines += self._event("reset", 0, context.reset, "reset")
        return lines

    def step(self, step: Step) -> bytes:
        match step.direction, step.channel:
            case None, Channel.TOOL:
                return b""  # Said already, with the call.
            case None, channel:
                said = b"%s%d\n%s" % (self._id, step.position, self.said(step))
                if channel == Channel.REASONING:
                    return b"event: reasoning\n" + said
                return said
            case direction, _ if isinstance(direction.value, ToolCall):
                tool = direction.value
                data = dump_json({"name": tool.name, "arguments": tool.arguments})
                return self._event("tool", step.position, data)
            case direction, _ if isinstance(direction.value, NamedEvent):
                named = direction.value
                return self._event(named.name, step.position, named.data)
        return b""

    def closing(self) -> bytes:
        event_id = self.context.event_id(self.context.done_position)
        return ServerSentEvent(event="done", id=event_id, data="[DONE]").encode()

    def error(self, message: str, kind: str = "") -> bytes:
        code, run = find_failure(kind).status, self.context.run_id
        data = dump_json({"code": code, "message": message, "run": run})
        return ServerSentEvent(event="error", data=data).encode()

    def malformed(self, frame: bytes) -> bytes:
        # Any text is good data here: only the fields can be wrong.
        return break_fields(frame)

    def goodbye(self) -> bytes:
        # Clients obey `retry:` at its line end (HTML standard, 9.2.6); a blank line
        # would make some see an empty event.
        return comment("the server stops: come back") + b"retry: %d\n" % SOON_MS

    def said(self, step: Step) -> bytes:
        """Return a chunk's data, as lines, with the blank line that ends the event."""
        return step.lines

    def data(self, text: str, event_id: str, message: str) -> str:
        """Return an event's data; a format that wraps the text does so here."""
        return text

    def _event(
        self, name: str | None, position: int, text: str, message: str = "success"
    ) -> bytes:
        event_id = self.context.event_id(position)
        data = self.data(text, event_id, message)
        return ServerSentEvent(event=name, id=event_id, data=data).encode()


class PlainFormat(Format):
    """For `EventSource` and anything else that reads Server-Sent Events."""

    name = "plain"
    reads_request = False
    heartbeat = comment("heartbeat")

    def writer(self, context: Context) -> Writer:
        return PlainWriter(context)

    def come_back(self, problem: Problem, milliseconds: int) -> bytes:
        return comment(problem.message) + b"retry: %d\n\n" % milliseconds

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        """Return problem details, RFC 9457."""
        details = {
            "type": "about:blank",
            "title": _phrase(problem.status),
            "status": problem.status,
            "detail": problem.message,
            "code": problem.code,
        }
        if problem.param is not None:
            details["param"] = problem.param
        return "application/problem+json", to_utf8(dump_json(details) + "\n")


def _phrase(status: int) -> str:
    """Name a status, as those of vendors that no standard knows, such as 529."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Server Error" if status >= 500 else "Client Error"
