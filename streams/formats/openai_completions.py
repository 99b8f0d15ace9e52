"""`openai-completions`: OpenAI's legacy Completions, a prompt and what follows it."""

from collections.abc import Iterable

from streams.core.directions import Channel
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats.base import Context, Writer
from streams.formats.call import Call, Message
from streams.formats.conversation import MOST_TOKENS, seed_override
from streams.formats.fields import Fields, wrong_type
from streams.formats.openai import OpenAIFormat, error_event
from streams.formats.openai_chat import DONE, MOST_CHOICES, times, usage_of
from streams.formats.reply import Reply

# The API has two words for the end of a text; a tool cannot be called with it.
FINISHES = {"length": "length", "content_filter": "content_filter"}


class CompletionsWriter(Writer):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._with_usage = bool(context.call.options.get("include_usage"))
        self._head = f"data: {dump_json(about(context))[:-1]},"
        # While the chunk with the usage is still to come, the others say so.
        self._tail = ',"usage":null}\n\n' if self._with_usage else "}\n\n"
        # What stands before, between and after the texts of all choices.
        self._around = self._chunks("\0").split(b"\0")

    def step(self, step: Step) -> bytes:
        if step.direction is not None or step.channel not in _SAID:
            return b""
        return step.json.join(self._around)

    def around(self, channel: Channel) -> list[bytes] | None:
        return self._around if channel in _SAID else None

    def closing(self) -> bytes:
        end = self._chunks('""', finish_reason(self.context))
        if self._with_usage:
            usage = times(self.context.usage, self.context.call.choices)
            counts = dump_json(usage_of(usage))
            end += to_utf8(f'{self._head}"choices":[],"usage":{counts}}}\n\n')
        return end + DONE

    def error(self, message: str, kind: str = "") -> bytes:
        return error_event(message, self.context, kind)

    def _chunks(self, text: str, finish: str | None = None) -> bytes:
        rest = f'"text":{text},"logprobs":null,"finish_reason":'
        rest += dump_json(finish)
        return to_utf8(
            "".join(
                f'{self._head}"choices":[{{"index":{index},{rest}}}]{self._tail}'
                for index in range(self.context.call.choices)
            )
        )


class CompletionsFormat(OpenAIFormat):
    """`POST /v1/completions`."""

    name = "openai-completions"

    def read(self, fields: Fields) -> Call:
        model = fields.text("model")
        prompt = _prompt(fields)
        return Call(
            model=model,
            prompt=prompt,
            messages=(Message(role="user", content=prompt),),
            stream=fields.flag("stream"),
            max_tokens=fields.integer("max_tokens", 1, MOST_TOKENS),
            stop=fields.texts("stop"),
            choices=fields.integer("n", 1, MOST_CHOICES) or 1,
            overrides=seed_override(fields),
            params=dict(fields),
            options={
                "include_usage": fields.record("stream_options").flag("include_usage")
            },
        )

    def tells_usage(self, call: Call) -> bool:
        return not call.stream or bool(call.options["include_usage"])

    def writer(self, context: Context) -> Writer:
        return CompletionsWriter(context)

    def complete(self, steps: Iterable[Step], context: Context) -> object:
        reply = Reply(steps)
        text = "".join(part.text for part in reply.parts if part.channel in _SAID)
        finish = finish_reason(context)
        return {
            **about(context),
            "choices": [
                {"index": n, "text": text, "logprobs": None, "finish_reason": finish}
                for n in range(context.call.choices)
            ],
            "usage": usage_of(times(context.usage, context.call.choices)),
        }


_SAID = (Channel.ANSWER, Channel.REFUSAL)


def about(context: Context) -> dict[str, object]:
    return {
        "id": f"cmpl-{context.run_id}",
        "object": "text_completion",
        "created": context.created,
        "model": context.model,
        "system_fingerprint": f"fp_{context.revision}",
    }


def finish_reason(context: Context) -> str:
    return FINISHES.get(context.finish, "stop")


def _prompt(fields: Fields) -> str:
    """Take one prompt; those of token numbers have no text that we could match."""
    prompt = fields.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        [prompt] = prompt
    if prompt is None:
        return ""
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt, list):
        raise Problem(
            status=400,
            code="unsupported_value",
            message=(
                "'prompt' holds several prompts, or tokens: this server takes one"
                " prompt, as a string."
            ),
            param="prompt",
        )
    raise wrong_type("prompt", "a string", prompt)
