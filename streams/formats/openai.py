"""What OpenAI's APIs have in common: errors, and the messages of a chat."""

from streams.core.encoding import dump_json, to_utf8
from streams.exceptions import Problem
from streams.formats.base import Context
from streams.formats.call import Message
from streams.formats.failures import find_failure
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
            "type": _type(problem.status),
            "param": problem.param,
            "code": "rate_limit_exceeded" if problem.status == 429 else problem.code,
        }
        return "application/json", to_utf8(dump_json({"error": error}))


def _type(status: int) -> str:
    other = "server_error" if status >= 500 else "invalid_request_error"
    return _TYPES.get(status, other)


def stream_error(message: str, context: Context, kind: str) -> dict[str, object]:
    """Return an error that comes in the middle of a stream."""
    failure = find_failure(kind)
    return {
        "error": {
            "message": f"{message} (run {context.run_id})",
            "type": _type(failure.status),
            "param": None,
            "code": failure.code,
        }
    }


def error_event(message: str, context: Context, kind: str) -> bytes:
    """Return that error as an event without a name."""
    return to_utf8(f"data: {dump_json(stream_error(message, context, kind))}\n\n")


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
