"""The Response object of OpenAI's Responses API, and the items of its output."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from streams.core.directions import Channel
from streams.core.steps import Step
from streams.formats.base import Context, Usage
from streams.formats.openai_responses_input import PREFIXES
from streams.formats.openai_responses_settings import DEFAULTS
from streams.formats.reply import Part, Reply

INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why a response that did not end well did not, by the script's reason to finish."""

_ITEMS = {Channel.TOOL: "function_call", Channel.REASONING: "reasoning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of text is called in events and items."""

    events: str
    """What the names of its events begin with."""
    part_events: str = "response.content_part"
    """The same of the part that it is in; empty where it is in none."""
    index: str = "content_index"
    part: str
    """The type of that part."""
    field: str = "text"
    """Where the whole of it stands, in its part and in its last event."""
    logprobs: bool = False
    """Whether they must be there, if only to be empty."""

    def as_part(self, text: str) -> dict[str, object]:
        part: dict[str, object] = {"type": self.part}
        if self.logprobs:
            part |= {"annotations": [], "logprobs": []}
        return part | {self.field: text}


KINDS = {
    Channel.ANSWER: Kind(
        events="response.output_text", part="output_text", logprobs=True
    ),
    Channel.REFUSAL: Kind(events="response.refusal", part="refusal", field="refusal"),
    Channel.REASONING: Kind(events="response.reasoning_text", part="reasoning_text"),
    Channel.TOOL: Kind(
        events="response.function_call_arguments",
        part_events="",
        index="",
        part="",
        field="arguments",
    ),
}

SUMMARY = Kind(
    events="response.reasoning_summary_text",
    part_events="response.reasoning_summary_part",
    index="summary_index",
    part="summary_text",
)
"""Reasoning, for a caller who asks for a summary of it: most clients show no other."""


class Item:
    """One item of the output: a message, a thought, or a call of a function."""

    def __init__(self, context: Context, index: int, first: Part) -> None:
        self.index = index
        self.channel = first.channel
        self.name = first.name
        self.type = _ITEMS.get(first.channel, "message")
        number = f"{context.run_id}{index:04x}"
        self.id = f"{PREFIXES[self.type]}_{number}"
        self.call_id = f"call_{number}"
        self.parts: list[Part] = []
        reasoning: Any = settings_of(context)["reasoning"]
        self._summarised = bool(reasoning["summary"])

    def takes(self, part: Part) -> bool:
        """Tell whether a part is one of this item's: only messages have several."""
        return self.type == "message" and part.channel not in _ITEMS

    def kind(self, part: Part) -> Kind:
        if part.channel == Channel.REASONING and self._summarised:
            return SUMMARY
        return KINDS[part.channel]

    def as_json(self, status: str) -> dict[str, object]:
        """Return the item with the parts that it has so far."""
        shown: dict[str, object] = {
            "id": self.id,
            "type": self.type,
            "status": status,
        }
        if self.type == "function_call":
            text = "".join(part.text for part in self.parts)
            return shown | {
                "arguments": text,
                "call_id": self.call_id,
                "name": self.name,
            }
        parts = [self.kind(part).as_part(part.text) for part in self.parts]
        if self.type == "message":
            return shown | {"content": parts, "role": "assistant"}
        if self._summarised:
            return shown | {"summary": parts}
        return shown | {"summary": [], "content": parts}


def output_of(
    steps: Iterable[Step], context: Context, status: str
) -> list[dict[str, object]]:
    """Return the output of a response that has said so much."""
    items: list[Item] = []
    for part in Reply(steps).parts:
        if not (items and items[-1].takes(part)):
            items.append(Item(context, len(items), part))
        items[-1].parts.append(part)
    return [
        item.as_json("completed" if item is not items[-1] else last_status(status))
        for item in items
    ]


def last_status(status: str) -> str:
    """Return the status of the last item, from that of its response."""
    return status if status in ("completed", "in_progress") else "incomplete"


def final_status(context: Context) -> str:
    """Return the status that a response ends in."""
    return "incomplete" if context.finish in INCOMPLETE else "completed"


def response_object(
    context: Context,
    output: list[dict[str, object]],
    status: str,
    error: dict[str, str] | None = None,
) -> dict[str, object]:
    """Return the Response: `output` is what it has said by now."""
    ended = status in ("completed", "incomplete")
    reason = INCOMPLETE.get(context.finish) if status == "incomplete" else None
    return {
        "id": response_id(context),
        "object": "response",
        "created_at": context.created,
        "status": status,
        "completed_at": (
            round(context.created + context.duration) if status == "completed" else None
        ),
        "error": error,
        "incomplete_details": {"reason": reason} if reason else None,
        "model": context.model,
        "output": output,
        "usage": usage_of(context.usage) if ended else None,
        **settings_of(context),
    }


def response_id(context: Context) -> str:
    return f"resp_{context.run_id}"


def settings_of(context: Context) -> dict[str, object]:
    """Return what the request set; see `read_settings`."""
    settings: dict[str, object] = context.call.options.get("settings", DEFAULTS)
    return settings


def usage_of(usage: Usage) -> dict[str, object]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }
