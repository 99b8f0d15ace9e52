"""What a request to OpenAI's Responses API sets, as the Response object repeats it."""

from collections.abc import Sequence
from math import isfinite

from streams.exceptions import Problem
from streams.formats.conversation import MOST_TOKENS
from streams.formats.fields import Fields

MOST_LEVELS = 100
"""How deeply a request may be nested. What is repeated must be written again, too."""


def read_settings(fields: Fields) -> dict[str, object]:
    """Return the fields of a Response that come from its request, defaults included."""
    tier = fields.text("service_tier", "auto")
    reasoning, text = fields.record("reasoning"), fields.record("text")
    for name in ("effort", "summary"):
        reasoning.text(name, "")
    text.record("format")
    return {
        "background": fields.flag("background"),
        "instructions": _text_or_none(fields, "instructions"),
        "max_output_tokens": fields.integer("max_output_tokens", 1, MOST_TOKENS),
        "max_tool_calls": fields.integer("max_tool_calls", 1, MOST_TOKENS),
        "metadata": _metadata(fields.record("metadata")),
        "parallel_tool_calls": fields.flag("parallel_tool_calls", True),
        "previous_response_id": _text_or_none(fields, "previous_response_id"),
        "prompt": _prompt(fields.record("prompt")),
        "prompt_cache_key": _text_or_none(fields, "prompt_cache_key"),
        "reasoning": {"effort": None, "summary": None, **_given(reasoning)},
        "safety_identifier": _text_or_none(fields, "safety_identifier"),
        "service_tier": "default" if tier == "auto" else tier,
        "temperature": fields.number("temperature", 0, 2, 1.0),
        "text": {"format": {"type": "text"}, "verbosity": "medium", **_given(text)},
        "tool_choice": _tool_choice(fields),
        "tools": _tools(fields),
        "top_logprobs": fields.integer("top_logprobs", 0, 20) or 0,
        "top_p": fields.number("top_p", 0, 1, 1.0),
        "truncation": choice(fields, "truncation", ("disabled", "auto"), "disabled"),
        "user": _text_or_none(fields, "user"),
    }


def choice(
    fields: Fields, name: str, values: Sequence[str], default: str | None = None
) -> str:
    """Return a string that is one of several."""
    value = fields.text(name, default)
    if value not in values:
        raise Problem(
            status=400,
            code="invalid_value",
            message=(
                f"Invalid value: '{value[:40]}' for '{fields.path(name)}'."
                f" Supported values are: {', '.join(values)}."
            ),
            param=fields.path(name),
        )
    return value


def check_json(body: object) -> None:
    """Raise Problem for what was read as JSON and cannot be written as such."""
    level = [body]
    for _ in range(MOST_LEVELS):
        if any(isinstance(value, float) and not isfinite(value) for value in level):
            raise Problem(
                status=400,
                code="invalid_number",
                message="The body has a number that is none of JSON's, or too large.",
            )
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise Problem(
        status=400,
        code="nested_too_deeply",
        message=f"The body is nested more than {MOST_LEVELS} levels deep.",
    )


def _inside(value: object) -> Sequence[object]:
    if isinstance(value, dict):
        return [*value.values()]
    return value if isinstance(value, list) else ()


def _given(fields: Fields) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _text_or_none(fields: Fields, name: str) -> str | None:
    return None if fields.get(name) is None else fields.text(name)


def _metadata(metadata: Fields) -> dict[str, str]:
    return {name: metadata.text(name) for name in metadata}


def _prompt(prompt: Fields) -> dict[str, object] | None:
    if not prompt:
        return None
    prompt.text("id")
    return dict(prompt)


def _tools(fields: Fields) -> list[dict[str, object]]:
    tools = fields.objects("tools")
    for tool in tools:
        if tool.text("type") == "function":
            tool.text("name")
    return [dict(tool) for tool in tools]


def _tool_choice(fields: Fields) -> object:
    if isinstance(fields.get("tool_choice"), dict):
        chosen = fields.record("tool_choice")
        chosen.text("type")
        return dict(chosen)
    return choice(fields, "tool_choice", ("auto", "none", "required"), "auto")


DEFAULTS = read_settings(Fields({}))
"""The settings of a response that nobody asked for with a body."""
