"""`openai-chat`: OpenAI Chat Completions.

The sequence of chunks is that of the API reference ("The chat completion chunk
object"); what clients need of it was found with the SDKs.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from streams.core.directions import Channel, ToolCall
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.formats.base import Context, Model, Usage, Writer
from streams.formats.call import Call
from streams.formats.conversation import (
    MOST_TOKENS,
    last_user_message,
    rounds_since_prompt,
    seed_override,
    system_prompt,
)
from streams.formats.fields import Fields
from streams.formats.openai import OpenAIFormat, error_event, read_messages
from streams.formats.reply import Reply

MOST_CHOICES = 128
"""Largest `n`, as at OpenAI."""

DONE = b"data: [DONE]\n\n"

# The channels whose text is a field of its own; `reasoning_content` is not OpenAI's,
# but what others made of its format and most clients read.
TEXT_FIELDS = {
    Channel.ANSWER: "content",
    Channel.REASONING: "reasoning_content",
    Channel.REFUSAL: "refusal",
}


_ROLE = dump_json({"role": "assistant", "content": "", "refusal": None})


def usage_of(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def times(usage: Usage, choices: int) -> Usage:
    """Return the usage of several answers to one prompt."""
    return Usage(
        prompt=usage.prompt,
        completion=usage.completion * choices,
        reasoning=usage.reasoning * choices,
    )


def call_id(context: Context, index: int, choice: int = 0) -> str:
    """Name a tool call, the same in every run of a plan with the same context."""
    return f"call_{context.run_id[:20]}{choice:x}_{index}"


class ChatWriter(Writer):
    """Chunks, `n` of them a step: one for each choice."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        head = dump_json(
            {
                "id": completion_id(context),
                "object": "chat.completion.chunk",
                "created": context.created,
                "model": context.model,
                "service_tier": "default",
                "system_fingerprint": f"fp_{context.revision}",
            }
        )
        self._head = f"data: {head[:-1]},"
        self._choices = context.call.choices
        self._with_usage = bool(context.call.options.get("include_usage"))
        # While the chunk with the usage is still to come, the others say so.
        self._tail = ',"usage":null}\n\n' if self._with_usage else "}\n\n"
        self._tools = 0
        # By channel: what stands before, between and after the texts of all choices.
        self._around: list[list[bytes] | None] = [None] * len(Channel)

    def opening(self) -> bytes:
        return self._deltas(_ROLE for _ in range(self._choices))

    def step(self, step: Step) -> bytes:
        if step.direction is not None:
            tool = step.direction.value
            if not isinstance(tool, ToolCall):
                return b""
            self._tools += 1
            return self._deltas(
                dump_json({"tool_calls": [self._called(tool.name, choice)]})
                for choice in range(self._choices)
            )
        around = self.around(step.channel)
        if around is not None:
            return step.json.join(around)
        index = self._tools - 1
        more = {"index": index, "function": {"arguments": step.text}}
        delta = dump_json({"tool_calls": [more]})
        return self._deltas(delta for _ in range(self._choices))

    def closing(self) -> bytes:
        end = self._deltas(("{}" for _ in range(self._choices)), self.context.finish)
        if self._with_usage:
            usage = usage_of(times(self.context.usage, self._choices))
            end += to_utf8(f'{self._head}"choices":[],"usage":{dump_json(usage)}}}\n\n')
        return end + DONE

    def error(self, message: str, kind: str = "") -> bytes:
        return error_event(message, self.context, kind)

    def around(self, channel: Channel) -> list[bytes] | None:
        around = self._around[channel]
        if around is None and channel != Channel.TOOL:
            delta = f'{{"{TEXT_FIELDS[channel]}":\0}}'
            around = self._deltas(delta for _ in range(self._choices)).split(b"\0")
            self._around[channel] = around
        return around

    def _called(self, name: str, choice: int) -> dict[str, object]:
        index = self._tools - 1
        return {
            "index": index,
            "id": call_id(self.context, index, choice),
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }

    def _deltas(self, deltas: Iterable[str], finish: str | None = None) -> bytes:
        reason = "null" if finish is None else dump_json(finish)
        return to_utf8(
            "".join(
                f'{self._head}"choices":[{{"index":{index},"delta":{delta},'
                f'"logprobs":null,"finish_reason":{reason}}}]{self._tail}'
                for index, delta in enumerate(deltas)
            )
        )


class ChatFormat(OpenAIFormat):
    """`POST /v1/chat/completions`."""

    name = "openai-chat"

    def read(self, fields: Fields) -> Call:
        model = fields.text("model")
        messages = read_messages(fields)
        limit = fields.integer("max_completion_tokens", 1, MOST_TOKENS)
        if limit is None:
            limit = fields.integer("max_tokens", 1, MOST_TOKENS)
        options = fields.record("stream_options")
        return Call(
            model=model,
            messages=messages,
            prompt=last_user_message(messages),
            system=system_prompt(messages),
            stream=fields.flag("stream"),
            max_tokens=limit,
            stop=fields.texts("stop"),
            choices=fields.integer("n", 1, MOST_CHOICES) or 1,
            round=rounds_since_prompt(messages),
            overrides=seed_override(fields),
            params=dict(fields),
            options={"include_usage": options.flag("include_usage")},
        )

    def tells_usage(self, call: Call) -> bool:
        return not call.stream or bool(call.options["include_usage"])

    def writer(self, context: Context) -> Writer:
        return ChatWriter(context)

    def models(self, models: Sequence[Model]) -> object:
        return {"object": "list", "data": [self.model(one) for one in models]}

    def model(self, model: Model) -> object:
        return {
            "id": model.name,
            "object": "model",
            "created": model.created,
            "owned_by": "streams",
        }

    def complete(self, steps: Iterable[Step], context: Context) -> object:
        reply = Reply(steps)
        return {
            "id": completion_id(context),
            "object": "chat.completion",
            "created": context.created,
            "model": context.model,
            "choices": list(self._choices(reply, context)),
            "usage": usage_of(times(context.usage, context.call.choices)),
            "service_tier": "default",
            "system_fingerprint": f"fp_{context.revision}",
        }

    def _choices(self, reply: Reply, context: Context) -> Iterator[dict[str, object]]:
        answer, refusal = reply.text(), reply.text(Channel.REFUSAL)
        reasoning = reply.text(Channel.REASONING)
        tools = [(tool.name, tool.text) for tool in reply.tools]
        for choice in range(context.call.choices):
            message: dict[str, object] = {
                "role": "assistant",
                "content": answer if answer or not (refusal or tools) else None,
                "refusal": refusal or None,
                "annotations": [],
            }
            if reasoning:
                message["reasoning_content"] = reasoning
            if tools:
                message["tool_calls"] = [
                    {
                        "id": call_id(context, index, choice),
                        "type": "function",
                        "function": {"name": name, "arguments": arguments},
                    }
                    for index, (name, arguments) in enumerate(tools)
                ]
            yield {
                "index": choice,
                "message": message,
                "logprobs": None,
                "finish_reason": context.finish,
            }


def completion_id(context: Context) -> str:
    return f"chatcmpl-{context.run_id}"
