"""`anthropic`: Anthropic's Messages, as its API reference has them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from streams.core.directions import Channel
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats.anthropic_messages import (
    PING,
    MessagesWriter,
    block,
    ending,
    error_body,
    error_type,
    message,
)
from streams.formats.base import Context, Model, Writer
from streams.formats.call import Call, Message
from streams.formats.conversation import (
    MOST_TOKENS,
    last_user_message,
    rounds_since_prompt,
)
from streams.formats.fields import Fields, missing
from streams.formats.reply import Reply
from streams.formats.vendor import VendorFormat

ROLES = ("user", "assistant", "system")


class MessagesFormat(VendorFormat):
    """`POST /v1/messages`."""

    name = "anthropic"
    heartbeat = PING

    def read(self, fields: Fields) -> Call:
        call = read_conversation(fields)
        # 0 fills the cache of prompts, and says nothing.
        limit = fields.integer("max_tokens", 0, MOST_TOKENS)
        if limit is None:
            raise missing("max_tokens")
        # Whether there is thinking is for the script to say.
        fields.record("thinking")
        return replace(
            call,
            stream=fields.flag("stream"),
            max_tokens=limit,
            stop=fields.texts("stop_sequences"),
        )

    def writer(self, context: Context) -> Writer:
        return MessagesWriter(context)

    def complete(self, steps: Iterable[Step], context: Context) -> object:
        parts = Reply(steps).parts
        content = [block(part, i, context) for i, part in enumerate(parts)]
        refused = any(part.channel == Channel.REFUSAL for part in parts)
        return message(context, content, ending(context, refused), context.usage)

    def models(self, models: Sequence[Model]) -> object:
        return {
            "data": [self.model(one) for one in models],
            "has_more": False,
            "first_id": models[0].name if models else None,
            "last_id": models[-1].name if models else None,
        }

    def model(self, model: Model) -> object:
        created = datetime.fromtimestamp(model.created, UTC)
        return {
            "type": "model",
            "id": model.name,
            "display_name": model.title,
            "created_at": f"{created:%Y-%m-%dT%H:%M:%SZ}",
            "lifecycle": "active",
        }

    def request_headers(self, request_id: str) -> dict[str, str]:
        return {"request-id": f"req_{request_id}"}

    def status(self, problem: Problem) -> int:
        return 529 if problem.code == "overloaded" else problem.status

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        kind = error_type(self.status(problem))
        body = error_body(kind, problem.message, problem.id)
        return "application/json", to_utf8(dump_json(body))


def read_conversation(fields: Fields) -> Call:
    """Read what answers, and counts of tokens, are asked for with."""
    model = fields.text("model")
    messages = tuple(read_messages(fields))
    # Newer models take instructions in mid-conversation, too.
    system = [fields.content("system", required=False)]
    system += [m.content for m in messages if m.role == "system"]
    messages = tuple(m for m in messages if m.role != "system")
    return Call(
        model=model,
        messages=messages,
        prompt=last_user_message(messages),
        system="\n".join(filter(None, system)),
        round=rounds_since_prompt(messages),
        params=dict(fields),
    )


def read_messages(fields: Fields) -> Iterator[Message]:
    """Yield a conversation's messages; results of tools, which users send, apart."""
    for item in fields.objects("messages", required=True):
        role = item.text("role")
        if role not in ROLES:
            raise Problem(
                status=400,
                code="unknown_role",
                message=(
                    f"Invalid '{item.path('role')}': '{role[:40]}' is no role. Use one"
                    f" of {', '.join(ROLES)}; results of tools are blocks of a user's."
                ),
                param=item.path("role"),
            )
        if role == "user" and isinstance(item.get("content"), list):
            blocks = item.objects("content")
            results = [one for one in blocks if one.text("type") == "tool_result"]
            for result in results:
                yield Message(role="tool", content=result.content(required=False))
            if results and len(results) == len(blocks):
                continue
        yield Message(role=role, content=item.content())
