"""Reading what the bodies of several endpoints have in common, strictly."""

from collections.abc import Mapping
from typing import Any

from streams.formats.fields import Fields, invalid, wrong_type

MOST_METADATA = 16
LONGEST_KEY = 64
LONGEST_VALUE = 512
MOST_TOOLS = 128
ROLES = ("user", "assistant")
TOOLS = ("code_interpreter", "file_search", "function")
PARTS = {"text": "text", "image_file": "image_file", "image_url": "image_url"}


def metadata(fields: Fields) -> dict[str, str]:
    """Return up to 16 pairs of strings."""
    given = fields.record("metadata")
    path = fields.path("metadata")
    if len(given) > MOST_METADATA:
        raise invalid(path, f"{len(given)} pairs; at most {MOST_METADATA} are kept")
    for key, value in given.items():
        if len(key) > LONGEST_KEY:
            raise invalid(path, f"a key of more than {LONGEST_KEY} characters")
        if not isinstance(value, str):
            raise wrong_type(given.path(key), "a string", value)
        if len(value) > LONGEST_VALUE:
            raise invalid(
                given.path(key), f"more than {LONGEST_VALUE} characters in a value"
            )
    return {key: str(value) for key, value in given.items()}


def text(fields: Fields, name: str, longest: int) -> str | None:
    """Return a string, None where there is none."""
    if fields.get(name) is None:
        return None
    value = fields.text(name)
    if len(value) > longest:
        raise invalid(fields.path(name), f"more than {longest:,} characters")
    return value


def number(fields: Fields, name: str, highest: float) -> float:
    """Return a number from 0; 1, which is OpenAI's own default, where there is none."""
    value = fields.get(name)
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(fields.path(name), "a number", value)
    if not 0 <= value <= highest:
        raise invalid(fields.path(name), f"{value:g} is not from 0 to {highest:g}")
    return float(value)


def tools(fields: Fields) -> list[dict[str, Any]]:
    """Return definitions of tools, as they were given."""
    given = fields.objects("tools")
    if len(given) > MOST_TOOLS:
        raise invalid(
            fields.path("tools"), f"{len(given)} tools; at most {MOST_TOOLS} are known"
        )
    for tool in given:
        if one_of(tool, "type", TOOLS) == "function":
            tool.record("function").text("name")
    return [dict(tool) for tool in given]


def tool_resources(fields: Fields) -> dict[str, Any]:
    """Return the ids of files and vector stores; nothing here reads them."""
    given = fields.record("tool_resources")
    known = (("code_interpreter", "file_ids"), ("file_search", "vector_store_ids"))
    return {
        tool: {name: list(given.record(tool).texts(name))}
        for tool, name in known
        if given.get(tool) is not None
    }


def either(fields: Fields, name: str, words: tuple[str, ...]) -> Any:
    """Return one of the words, the first by default, or an object with a `type`."""
    value = fields.get(name)
    if value is None:
        return words[0]
    if isinstance(value, dict):
        fields.record(name).text("type")
        return value
    return one_of(fields, name, words)


def one_of(fields: Fields, name: str, words: tuple[str, ...]) -> str:
    """Return a string that must be one of those."""
    value = fields.text(name)
    if value not in words:
        raise invalid(
            fields.path(name), f"'{value[:40]}' is none of {', '.join(words)}"
        )
    return value


def content(fields: Fields) -> list[dict[str, Any]]:
    """Return the content of a message: a string or parts, as parts."""
    given = fields.get("content")
    if isinstance(given, str):
        parts = [_text(given)]
    else:
        parts = [_part(part) for part in fields.objects("content", required=True)]
    if not any(part.get("text", {"value": "an image"})["value"] for part in parts):
        raise invalid(fields.path("content"), "empty. Say something")
    return parts


def attachments(fields: Fields) -> list[dict[str, Any]]:
    """Return attachments as they were given; nothing here reads them."""
    return [dict(one) for one in fields.objects("attachments")]


def _part(fields: Fields) -> dict[str, Any]:
    type_ = one_of(fields, "type", tuple(PARTS))
    if type_ == "text":
        return _text(fields.text("text"))
    image: Mapping[str, object] = fields.record(type_)
    return {"type": type_, type_: dict(image)}


def _text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": {"value": value, "annotations": []}}
