"""`gemini` and `gemini-array`: Google's Gemini API."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from streams.core.directions import Channel
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats.base import Context, Model, Writer
from streams.formats.call import Call, Incoming, Message
from streams.formats.conversation import (
    MOST_TOKENS,
    last_user_message,
    rounds_since_prompt,
    seed_override,
)
from streams.formats.fields import Fields
from streams.formats.gemini_responses import (
    NOTHING,
    GeminiArrayWriter,
    GeminiWriter,
    error_body,
    finish_reason,
    is_hidden,
    response,
)
from streams.formats.pieces import whole_parts
from streams.formats.vendor import VendorFormat

MOST_CANDIDATES = 8
"""Largest `candidateCount`, as at Google."""

# Results of tools once had a role of their own.
ROLES = {"user": "user", "model": "assistant", "function": "user"}


class GeminiFormat(VendorFormat):
    """`…:generateContent`, and `…:streamGenerateContent?alt=sse`."""

    name = "gemini"
    # A comment would be no JSON to Google's SDK for Python; an empty line is nothing.
    heartbeat = b"\r\n"

    def read(self, fields: Fields) -> Call:
        """Read a body. The model, and whether it streams, are in the address."""
        messages = tuple(read_contents(fields))
        system = fields.record(spelled(fields, "systemInstruction"))
        config = fields.record(spelled(fields, "generationConfig"))
        thinking = config.record(spelled(config, "thinkingConfig"))
        count = config.integer(spelled(config, "candidateCount"), 1, MOST_CANDIDATES)
        limit = config.integer(spelled(config, "maxOutputTokens"), 1, MOST_TOKENS)
        thoughts = thinking.flag(spelled(thinking, "includeThoughts"), True)
        return Call(
            messages=messages,
            prompt=last_user_message(messages),
            system="".join(part.text("text", "") for part in items(system, "parts")),
            max_tokens=limit,
            stop=config.texts(spelled(config, "stopSequences")),
            choices=count or 1,
            round=rounds_since_prompt(messages),
            overrides=seed_override(config),
            params=dict(fields),
            options={"thoughts": thoughts},
        )

    def writer(self, context: Context) -> Writer:
        return GeminiWriter(context)

    def complete(self, steps: Iterable[Step], context: Context) -> object:
        parts = whole_parts(steps)
        refused = any(part.channel == Channel.REFUSAL for part in parts)
        shown = [part for part in parts if not is_hidden(part.channel, context)]
        reason = finish_reason(context, refused)
        return response(context, shown or [NOTHING], reason)

    def models(self, models: Sequence[Model]) -> object:
        return {"models": [self.model(one) for one in models]}

    def model(self, model: Model) -> object:
        return {
            "name": f"models/{short(model.name)}",
            "version": "001",
            "displayName": model.title,
            "inputTokenLimit": MOST_TOKENS,
            "outputTokenLimit": MOST_TOKENS,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
            "thinking": True,
        }

    def status(self, problem: Problem) -> int:
        return 503 if problem.code == "overloaded" else problem.status

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        body = error_body(
            self.status(problem),
            problem.message,
            param=problem.param,
            retry_after=problem.headers.get("Retry-After"),
        )
        return "application/json; charset=UTF-8", to_utf8(dump_json(body))


class GeminiArrayFormat(GeminiFormat):
    """`…:streamGenerateContent` without `alt=sse`: the responses as one JSON array."""

    name = "gemini-array"
    media_type = "application/json; charset=UTF-8"

    def writer(self, context: Context) -> Writer:
        return GeminiArrayWriter(context)

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        # An array, too, as Google's own.
        media_type, body = super().problem(problem)
        return media_type, b"[" + body + b"]"


def short(name: str) -> str:
    """Return a model's name without the collection it is in."""
    return name.removeprefix("models/")


def to_be_counted(incoming: Incoming) -> Incoming:
    """Return the request whose tokens a caller of `…:countTokens` wants to know."""
    if not isinstance(incoming.body, dict):
        return incoming
    name = spelled(incoming.body, "generateContentRequest")
    return replace(incoming, body=incoming.body.get(name, incoming.body))


def spelled(fields: Mapping[str, object], name: str) -> str:
    """Return the name that a field has here: Google takes snake_case, too."""
    if name in fields:
        return name
    snake = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
    return snake if snake in fields else name


def items(fields: Fields, name: str, *, required: bool = False) -> list[Fields]:
    """Return an array of objects, or the only one where there is no array about it."""
    if isinstance(fields.get(name), dict):
        return [fields.record(name)]
    return fields.objects(name, required=required)


def read_contents(fields: Fields) -> Iterator[Message]:
    """Yield a conversation's messages; results of tools, which users send, apart."""
    for content in items(fields, "contents", required=True):
        role = content.text("role", "user")
        if role not in ROLES:
            path = content.path("role")
            raise Problem(
                status=400,
                code="unknown_role",
                message=f"Invalid '{path}': '{role[:40]}'. Use 'user' or 'model'.",
                param=path,
            )
        said, results = [], []
        for part in items(content, "parts", required=role == "user"):
            if (name := spelled(part, "functionResponse")) in part:
                result = part.record(name).get("response", {})
                results.append(dump_json(result))
            elif not part.flag("thought"):
                said.append(part.text("text", ""))
        if results:
            yield Message(role="tool", content="\n".join(results))
        if said or not results:
            yield Message(role=ROLES[role], content="".join(said))
