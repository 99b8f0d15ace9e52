"""The input of OpenAI's Responses API: as the conversation that it is, and as items."""

from collections.abc import Iterable

from streams.formats.call import Message
from streams.formats.fields import Fields, wrong_type
from streams.formats.openai_responses_settings import choice

ROLES = ("user", "assistant", "system", "developer")

PARTS = (
    "input_text",
    "input_image",
    "input_file",
    "output_text",
    "refusal",
    "summary_text",
    "reasoning_text",
    "computer_screenshot",
)

PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
}
"""What the ids of items begin with, for each type."""


def read_input(fields: Fields) -> list[Fields]:
    """Return the items of the input; a string is a message of the user's."""
    value = fields.get("input")
    if value is not None and not isinstance(value, str | list):
        raise wrong_type("input", "a string or an array of items", value)
    if isinstance(value, str):
        return [Fields({"role": "user", "content": value}, "input")]
    return fields.objects("input")


def type_of(item: Fields) -> str:
    """Return an item's type, which messages and references may leave out."""
    named_only = "id" in item and "role" not in item
    return item.text("type", "item_reference" if named_only else "message")


def read_messages(items: Iterable[Fields]) -> tuple[Message, ...]:
    """Return the conversation that the items are."""
    messages = (_message(item) for item in items)
    return tuple(message for message in messages if message)


def _message(item: Fields) -> Message | None:
    item.text("id", "")
    item.text("status", "")
    kind = type_of(item)
    if kind == "message":
        role = choice(item, "role", ROLES)
        content = item.content()
        if not isinstance(item["content"], str):
            for part in item.objects("content"):
                choice(part, "type", PARTS)
        return Message(role="system" if role == "developer" else role, content=content)
    if kind in ("function_call_output", "custom_tool_call_output"):
        item.text("call_id", "")
        return Message(role="tool", content=item.content("output"))
    if kind == "function_call":
        for name in ("call_id", "name", "arguments"):
            item.text(name)
    if kind == "item_reference":
        item.text("id")
    # A call, whichever, parts the results before it from those after it.
    if kind.endswith("_call") or kind == "item_reference":
        return Message(role="assistant", content="")
    return None


def listed_items(items: Iterable[Fields], run_id: str) -> list[dict[str, object]]:
    """Return the items, read before, as the API lists them: complete, and with ids."""
    return [_listed(item, index, run_id) for index, item in enumerate(items)]


def _listed(item: Fields, index: int, run_id: str) -> dict[str, object]:
    kind = type_of(item)
    shown: dict[str, object] = {
        "id": item.text("id", "")
        or f"{PREFIXES.get(kind, 'item')}_{run_id}i{index:04x}",
        "type": kind,
    }
    if kind == "message":
        role, content = item.text("role"), item["content"]
        said = "output_text" if role == "assistant" else "input_text"
        parts: list[dict[str, object]] = [{"type": said, "text": content}]
        if not isinstance(content, str):
            parts = [dict(part) for part in item.objects("content")]
        return shown | {
            "status": item.text("status", "completed"),
            "role": role,
            "content": [_DEFAULTS.get(str(part["type"]), {}) | part for part in parts],
        }
    if kind == "reasoning":
        return {"summary": []} | dict(item) | shown
    return dict(item) | shown | {"status": item.text("status", "completed")}


# What the types of OpenAI's SDKs want to be there.
_DEFAULTS: dict[str, dict[str, object]] = {
    "input_image": {"detail": "auto"},
    "output_text": {"annotations": [], "logprobs": []},
}
