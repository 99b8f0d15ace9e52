"""`openai-responses`: OpenAI's Responses, as its API reference has them."""

from collections.abc import Iterable

from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats.base import Context, Writer
from streams.formats.call import Call
from streams.formats.conversation import (
    MOST_TOKENS,
    last_user_message,
    rounds_since_prompt,
    seed_override,
    system_prompt,
)
from streams.formats.fields import Fields
from streams.formats.openai import OpenAIFormat
from streams.formats.openai_responses_events import ResponsesWriter
from streams.formats.openai_responses_input import read_input, read_messages
from streams.formats.openai_responses_object import (
    final_status,
    output_of,
    response_object,
)
from streams.formats.openai_responses_settings import check_json, read_settings


class ResponsesFormat(OpenAIFormat):
    """`POST /v1/responses`."""

    name = "openai-responses"

    def read(self, fields: Fields) -> Call:
        check_json(dict(fields))
        model = fields.text("model")
        items = read_input(fields)
        settings = read_settings(fields)
        _refuse_nothing(fields, items)
        messages = read_messages(items)
        system = (fields.text("instructions", ""), system_prompt(messages))
        store = fields.flag("store", True)
        if settings["background"] and not store:
            raise Problem(
                status=400,
                code="invalid_value",
                message="Background mode requires store=true: leave `store` out.",
                param="store",
            )
        return Call(
            model=model,
            messages=messages,
            prompt=last_user_message(messages),
            system="\n".join(filter(None, system)),
            stream=fields.flag("stream"),
            max_tokens=fields.integer("max_output_tokens", 1, MOST_TOKENS),
            round=rounds_since_prompt(messages),
            overrides=seed_override(fields),
            params=dict(fields),
            options={"settings": settings, "store": store},
        )

    def writer(self, context: Context) -> Writer:
        return ResponsesWriter(context)

    def complete(self, steps: Iterable[Step], context: Context) -> object:
        status = final_status(context)
        return response_object(context, output_of(steps, context, status), status)


def _refuse_nothing(fields: Fields, items: list[Fields]) -> None:
    """Raise Problem where nothing is asked, or what nobody here remembers."""
    if (conversation := fields.get("conversation")) is not None:
        named = conversation if isinstance(conversation, str) else "…"
        raise Problem(
            status=404,
            code="conversation_not_found",
            message=(
                f"Conversation with id '{named[:60]}' not found: this server keeps"
                " responses only. Go on with `previous_response_id`."
            ),
            param="conversation",
        )
    if not (items or fields.get("previous_response_id") or fields.get("prompt")):
        raise Problem(
            status=400,
            code="missing_required_parameter",
            message=(
                "One of 'input', 'previous_response_id' or 'prompt' must be provided:"
                " give `input`, a string or an array of items."
            ),
            param="input",
        )
