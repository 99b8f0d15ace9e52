"""What OpenAI's APIs have in common: their errors, and the conversation they take."""

from streams.core.sse import to_utf8
from streams.exceptions import Problem
from streams.formats.base import Context, dump_json
from streams.formats.call import Call, Incoming, Message, last_user_message
from streams.formats.fields import Fields

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}

MOST_TOKENS = 10**9


class OpenAIErrors:
    """`{"error": {"message", "type", "param", "code"}}`, as all of them say it."""

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


def from_query(incoming: Incoming) -> Call:
    """Read a GET, from a browser's address bar or an EventSource: `?prompt=…`."""
    prompt = incoming.query.get("prompt", "")
    return Call(prompt=prompt, messages=(Message(role="user", content=prompt),))


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


def rounds_since_prompt(messages: tuple[Message, ...]) -> int:
    """Count how often tools gave results since the user spoke last.

    Results next to one another answer calls that were made together.
    """
    count, previous = 0, ""
    for message in messages:
        if message.role == "user":
            count = 0
        elif message.role == "tool" and previous != "tool":
            count += 1
        previous = message.role
    return count


def system_prompt(messages: tuple[Message, ...]) -> str:
    return "\n".join(m.content for m in messages if m.role == "system")


def prompt_of(messages: tuple[Message, ...]) -> str:
    return last_user_message(messages)


def seed_override(fields: Fields) -> dict[str, str]:
    """Take a request's seed for the stream's: it may be negative, ours may not."""
    seed = fields.integer("seed", -(2**63), 2**63 - 1)
    return {} if seed is None else {"seed": str(seed % 2**53)}
