"""What Anthropic's Messages are made of, whole and event by event.

The sequence of events is that of the API reference ("Streaming messages"); what clients
need of it was found with the SDKs.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

from streams.core.directions import Channel, ToolCall
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.formats.base import Context, Usage, Writer
from streams.formats.failures import find_failure
from streams.formats.reply import Part

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}

# Of the reference, "Errors"; a status that it does not have is one of two kinds.
ERROR_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}

NOT_ENDED = {"stop_reason": None, "stop_sequence": None, "stop_details": None}

# A channel's delta: its type, and the field with the text.
_DELTAS = {
    Channel.ANSWER: ("text_delta", "text"),
    Channel.REFUSAL: ("text_delta", "text"),
    Channel.REASONING: ("thinking_delta", "thinking"),
    Channel.TOOL: ("input_json_delta", "partial_json"),
}


def event(name: str, **fields: object) -> bytes:
    """Return an event, its name in its data, too: some clients read nothing else."""
    return to_utf8(f"event: {name}\ndata: {dump_json({'type': name, **fields})}\n\n")


PING = event("ping")


class MessagesWriter(Writer):
    """One content block for what is said in one channel without a break."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._index = -1
        self._open: Channel | None = None
        self._before = b""
        """What stands before the text of a delta of the open block."""
        self._refused = False

    def opening(self) -> bytes:
        before = Usage(prompt=self.context.usage.prompt)
        begun = message(self.context, [], NOT_ENDED, before)
        return event("message_start", message=begun)

    def step(self, step: Step) -> bytes:
        if step.direction is not None:
            tool = step.direction.value
            if not isinstance(tool, ToolCall):
                return b""
            return self._begin(Part(channel=Channel.TOOL, name=tool.name))
        begin = b""
        if step.channel != self._open:
            begin = self._begin(Part(channel=step.channel))
        return b"%s%s%s}}\n\n" % (begin, self._before, step.json)

    def closing(self) -> bytes:
        delta = ending(self.context, self._refused)
        usage = usage_of(self.context.usage)
        return (
            self._end()
            + event("message_delta", delta=delta, usage=usage)
            + event("message_stop")
        )

    def error(self, message: str, kind: str = "") -> bytes:
        type_ = error_type(find_failure(kind).status)
        body = error_body(type_, message, self.context.run_id)
        return event("error", **body)

    def _begin(self, part: Part) -> bytes:
        ended = self._end()
        self._open = part.channel
        self._index += 1
        self._refused |= part.channel == Channel.REFUSAL
        kind, field = _DELTAS[part.channel]
        self._before = to_utf8(
            "event: content_block_delta\n"
            f'data: {{"type":"content_block_delta","index":{self._index},'
            f'"delta":{{"type":"{kind}","{field}":'
        )
        empty = block(part, self._index, self.context)
        begun = event("content_block_start", index=self._index, content_block=empty)
        # Where Anthropic, too, sends its first.
        return ended + begun + (b"" if self._index else PING)

    def _end(self) -> bytes:
        """Return the end of the block that is open, if one is."""
        if self._open is None:
            return b""
        signed = b""
        if self._open == Channel.REASONING:
            delta = {
                "type": "signature_delta",
                "signature": signature(self._index, self.context),
            }
            signed = event("content_block_delta", index=self._index, delta=delta)
        return signed + event("content_block_stop", index=self._index)


def message(
    context: Context,
    content: list[dict[str, object]],
    ending: Mapping[str, object],
    usage: Usage,
) -> dict[str, object]:
    return {
        "id": f"msg_{context.run_id}",
        "type": "message",
        "role": "assistant",
        "model": context.model,
        "content": content,
        **ending,
        "usage": {**usage_of(usage), "service_tier": "standard"},
    }


def block(part: Part, index: int, context: Context) -> dict[str, object]:
    """Return a content block; that of a part without text is how a stream begins it."""
    if part.channel == Channel.TOOL:
        return {
            "type": "tool_use",
            "id": f"toolu_{context.run_id[:20]}_{index}",
            "name": part.name,
            "input": _arguments(part.text),
        }
    if part.channel == Channel.REASONING:
        # A stream sends it when the block ends.
        signed = signature(index, context) if part.text else ""
        return {"type": "thinking", "thinking": part.text, "signature": signed}
    return {"type": "text", "text": part.text}


def _arguments(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return {}  # not yet there, or cut off by `max_tokens`


def signature(index: int, context: Context) -> str:
    """Return what a client must send back with a thinking block: opaque to it."""
    digest = sha256(f"{context.run_id} {index}".encode()).digest()
    return b64encode(digest).decode()


def ending(context: Context, refused: bool) -> dict[str, object]:
    """Return why a message ends; `refused` tells whether it has refused."""
    reason = STOP_REASONS[context.finish]
    if context.stopped_at:
        reason = "stop_sequence"
    elif refused and reason == "end_turn":
        reason = "refusal"
    details = {"type": "refusal", "category": None, "explanation": None}
    return {
        "stop_reason": reason,
        "stop_sequence": context.stopped_at or None,
        "stop_details": details if reason == "refusal" else None,
    }


def usage_of(usage: Usage) -> dict[str, object]:
    return {
        "input_tokens": usage.prompt,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": usage.completion,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
    }


def error_type(status: int) -> str:
    """Return the type of an error, from the status that it has before a stream."""
    other = "api_error" if status >= 500 else "invalid_request_error"
    return ERROR_TYPES.get(status, other)


def error_body(kind: str, message: str, request_id: str) -> dict[str, object]:
    return {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": f"req_{request_id}",
    }
