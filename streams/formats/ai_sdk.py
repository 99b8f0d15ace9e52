"""`ai-sdk`: the UI message stream of Vercel's AI SDK, for `useChat` without a back end.

The chunks are those of the SDK's documentation ("Stream Protocols", data stream) and of
`uiMessageChunkSchema` in the package `ai`, with which its clients check every one.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

from streams.core.directions import Channel, NamedEvent, ToolCall
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats.base import Context, Writer
from streams.formats.call import Call, Incoming, Message
from streams.formats.conversation import (
    last_user_message,
    query_overrides,
    rounds_since_prompt,
    system_prompt,
)
from streams.formats.fields import Fields
from streams.formats.vendor import VendorFormat

DONE = b"data: [DONE]\n\n"

# The SDK has no refusals: its own provider for OpenAI makes text of them, and
# `content-filter` of the reason.
KINDS = {
    Channel.ANSWER: "text",
    Channel.REASONING: "reasoning",
    Channel.REFUSAL: "text",
}

FINISH_REASONS = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool-calls",
    "content_filter": "content-filter",
}

# The states of a tool's part once the page has added what came of the call.
ANSWERED = ("output-available", "output-error", "output-denied")


def chunk(type: str, **fields: object) -> bytes:
    return to_utf8(f"data: {dump_json({'type': type, **fields})}\n\n")


class UIMessageWriter(Writer):
    """One step of an assistant's message: parts, each begun and ended by name."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._channel: Channel | None = None
        """Of the part that is open."""
        self._parts = 0
        self._tool = ToolCall("", "")
        self._left = 0
        """Code points of the tool's arguments that are still to come."""
        self._refused = False

    def opening(self) -> bytes:
        context = self.context
        # Results of tools are answered in the message that called them: under another
        # id, the page would show that message twice.
        continued = context.call.options.get("message_id")
        start = chunk(
            "start",
            messageId=continued or f"msg_{context.run_id}",
            messageMetadata={
                "createdAt": context.created * 1000,
                "model": context.model,
            },
        )
        return start + chunk("start-step")

    def step(self, step: Step) -> bytes:
        if step.direction is not None:
            match step.direction.value:
                case ToolCall() as tool:
                    return self._call(tool)
                case NamedEvent(name, data):
                    # A data part of the message: the SDK's own place for anything.
                    part = f'{{"type":"data-{name}","data":{data}}}'
                    return to_utf8(f"data: {part}\n\n")
            return b""
        if step.channel == Channel.TOOL:
            return self._argue(step.text)
        begin = self._begin_part(step.channel)
        kind = KINDS[step.channel]
        before = f'data: {{"type":"{kind}-delta","id":"{self._part_id}","delta":'
        return b"%s%s%s}\n\n" % (begin, before.encode(), step.json)

    def closing(self) -> bytes:
        reason = FINISH_REASONS[self.context.finish]
        if reason == "stop" and self._refused:
            reason = "content-filter"
        metadata = {"totalTokens": self.context.usage.total}
        finish = chunk("finish", finishReason=reason, messageMetadata=metadata)
        return self._end_part() + chunk("finish-step") + finish + DONE

    def error(self, message: str, kind: str = "") -> bytes:
        text = f"{message} (run {self.context.run_id})"
        return chunk("error", errorText=text) + DONE

    @property
    def _part_id(self) -> str:
        return f"{self.context.run_id[:8]}-{self._parts}"

    @property
    def _call_id(self) -> str:
        return f"call_{self.context.run_id[:20]}_{self._parts}"

    def _begin_part(self, channel: Channel) -> bytes:
        if channel == self._channel:
            return b""
        end = self._end_part()
        self._channel = channel
        self._parts += 1
        self._refused |= channel == Channel.REFUSAL
        return end + chunk(f"{KINDS[channel]}-start", id=self._part_id)

    def _end_part(self) -> bytes:
        channel, self._channel = self._channel, None
        if channel is None:
            return b""
        return chunk(f"{KINDS[channel]}-end", id=self._part_id)

    def _call(self, tool: ToolCall) -> bytes:
        end = self._end_part()
        self._parts += 1
        self._tool, self._left = tool, len(tool.arguments)
        start = chunk("tool-input-start", toolCallId=self._call_id, toolName=tool.name)
        return end + start

    def _argue(self, text: str) -> bytes:
        delta = chunk("tool-input-delta", toolCallId=self._call_id, inputTextDelta=text)
        self._left -= len(text)
        if self._left:
            return delta
        # At once, since this is what makes a page run the function.
        return delta + chunk(
            "tool-input-available",
            toolCallId=self._call_id,
            toolName=self._tool.name,
            input=json.loads(self._tool.arguments),
        )


class AISDKFormat(VendorFormat):
    """For `useChat`, `useCompletion` and whatever else reads UI message streams."""

    name = "ai-sdk"
    # As the SDK's own back ends do.
    heartbeat = b": keep-alive\n\n"

    def parse(self, incoming: Incoming) -> Call:
        # At its own addresses, too: a page has no other place to say them.
        return replace(super().parse(incoming), overrides=query_overrides(incoming))

    def read(self, fields: Fields) -> Call:
        messages, continued = read_conversation(fields)
        return Call(
            model=fields.text("model", ""),
            messages=messages,
            prompt=last_user_message(messages),
            system=system_prompt(messages),
            round=rounds_since_prompt(messages),
            params=dict(fields),
            options={"message_id": continued},
        )

    def writer(self, context: Context) -> Writer:
        return UIMessageWriter(context)

    def headers(self, context: Context) -> dict[str, str]:
        return {"X-Vercel-AI-UI-Message-Stream": "v1"}

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        """Return the message alone: `useChat` shows the body as it is."""
        return "text/plain; charset=utf-8", to_utf8(problem.message)


def read_conversation(fields: Fields) -> tuple[tuple[Message, ...], str]:
    """Read the messages, and the id of the one that the answer goes on with, if any.

    `useChat` sends all `messages`, or `message`, the last, where it is told to;
    `useCompletion` sends a `prompt`.
    """
    if "messages" not in fields and "prompt" in fields:
        return (Message(role="user", content=fields.text("prompt")),), ""
    if "messages" not in fields and "message" in fields:
        items = [fields.record("message")]
    else:
        items = fields.objects("messages", required=True)
    messages = tuple(message for item in items for message in read_message(item))
    last = items[-1]
    return messages, last.text("id", "") if last["role"] == "assistant" else ""


def read_message(item: Fields) -> Iterator[Message]:
    """Read a UI message as a model would be told it: the assistant's step by step."""
    role = item.text("role")
    said, results = "", list[Message]()
    for part in parts_of(item):
        kind = part.text("type")
        if kind == "text":
            said += part.text("text")
        elif kind == "step-start" and (said or results):
            yield Message(role=role, content=said)
            yield from results
            said, results = "", []
        elif is_tool(kind) and part.text("state", "") in ANSWERED:
            results.append(Message(role="tool", content=read_result(part)))
    if said or results or role != "assistant":
        yield Message(role=role, content=said)
        yield from results


def parts_of(item: Fields) -> list[Fields]:
    if item.get("parts") is None:
        path = item.path("parts")
        raise Problem(
            status=400,
            code="missing_required_parameter",
            message=(
                f"Missing required parameter: '{path}'. A UI message has parts, such as"
                ' [{"type": "text", "text": "Hello"}].'
            ),
            param=path,
        )
    return item.objects("parts")


def is_tool(kind: str) -> bool:
    return kind == "dynamic-tool" or kind.startswith("tool-")


def read_result(part: Fields) -> str:
    """Return what came of a call, or why nothing did, as text."""
    result = part.get("output", part.get("errorText", ""))
    return result if isinstance(result, str) else dump_json(result)
