"""What OpenAI's APIs have in common: errors, and the messages of a chat."""

from streams.core.encoding import dump_json, to_utf8
from streams.exceptions import Problem
from streams.formats.base import Context
from streams.formats.call import Message
from streams.formats.fields import Fields
from streams.formats.vendor import VendorFormat

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}


class OpenAIFormat(VendorFormat):
    """Errors are `{"error": {"message", "type", "param", "code"}}` in all of them."""

    # No `id:` was sent, so a block of its own is safe for every known client.
    heartbeat = b": heartbeat\n\n"

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        error = {
            "message": problem.message,
            "type": _TYPES.get(problem.status, "invalid_request_error"),
            "param": problem.param,
            "code": "rate_limit_exceeded" if problem.status == 429 else problem.code,
        }
        return "application/json", to_utf8(dump_json({"error": error}))


def server_error(message: str, context: Context) -> dict[str, object]:
    """Return an error that comes in the middle of a stream."""
    return {
        "error": {
            "message": f"{message} (run {context.run_id})",
            "type": "server_error",
            "param": None,
            "code": "server_error",
        }
    }


def error_event(message: str, context: Context) -> bytes:
    """Return that error as an event without a name."""
    return to_utf8(f"data: {dump_json(server_error(message, context))}\n\n")


def read_messages(fields: Fields, name: str = "messages") -> tuple[Message, ...]:
    """Read a conversation as Chat Completions has it."""
    messages = []
    for item in fields.objects(name, required=True):
        role = item.text("role")
        # An assistant that only called tools said nothing.
        content = item.content(required=role not in ("assistant", "tool", "function"))
        role = {"developer": "system", "function": "tool"}.get(role, role)
        messages.append(Message(role=role, content=content))
    return tuple(messages)
