"""What the caller sets for a run; for the rest it takes after its assistant."""

from collections.abc import Callable, Mapping
from typing import Any

from streams.api.assistants import reading, store
from streams.api.assistants.assistants import LONGEST_INSTRUCTIONS
from streams.api.assistants.base import Visit
from streams.api.assistants.store import ASSISTANT
from streams.formats.conversation import MOST_TOKENS
from streams.formats.fields import Fields

_INHERITED: Mapping[str, Callable[[Fields], Any]] = {
    "model": lambda fields: fields.text("model"),
    "instructions": lambda f: reading.text(f, "instructions", LONGEST_INSTRUCTIONS),
    "tools": reading.tools,
    "temperature": lambda fields: reading.number(fields, "temperature", 2),
    "top_p": lambda fields: reading.number(fields, "top_p", 1),
    "response_format": lambda f: reading.either(f, "response_format", ("auto",)),
}

_CHOICES = ("auto", "none", "required")


def read_settings(visit: Visit) -> dict[str, Any]:
    """Return the fields of a run that its caller decides."""
    fields = visit.fields
    # It decides what the answer is, and must be wrong before anything is kept.
    fields.flag("stream")
    assistant = store.find(visit.workspace, ASSISTANT, fields.text("assistant_id"))
    store.touch(assistant)
    settings = {
        name: assistant.data[name] if fields.get(name) is None else read(fields)
        for name, read in _INHERITED.items()
    }
    more = reading.text(fields, "additional_instructions", LONGEST_INSTRUCTIONS)
    said = [text for text in (settings["instructions"], more) if text]
    return {
        "assistant_id": assistant.key,
        **settings,
        "instructions": "\n".join(said),
        "metadata": reading.metadata(fields),
        "max_prompt_tokens": fields.integer("max_prompt_tokens", 1, MOST_TOKENS),
        "max_completion_tokens": fields.integer(
            "max_completion_tokens", 1, MOST_TOKENS
        ),
        "truncation_strategy": _truncation(fields.record("truncation_strategy")),
        "tool_choice": reading.either(fields, "tool_choice", _CHOICES),
        "parallel_tool_calls": fields.flag("parallel_tool_calls", True),
    }


def _truncation(fields: Fields) -> dict[str, Any]:
    """Return how a thread is to be shortened. Scripts are told all of it."""
    if not fields:
        return {"type": "auto", "last_messages": None}
    return {
        "type": reading.one_of(fields, "type", ("auto", "last_messages")),
        "last_messages": fields.integer("last_messages", 1, MOST_TOKENS),
    }
