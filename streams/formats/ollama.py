"""`ollama-chat` and `ollama-generate`: Ollama's own API, one JSON object a line.

The fields are those of Ollama's documentation ("API", "Generate a chat completion" and
"Generate a completion"); what clients need of them was found with its libraries.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence

from streams.core.directions import Channel
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats.base import Context, Model, Writer
from streams.formats.call import Call, Message
from streams.formats.conversation import (
    MOST_TOKENS,
    last_user_message,
    rounds_since_prompt,
    seed_override,
    system_prompt,
)
from streams.formats.fields import Fields, wrong_type
from streams.formats.ollama_models import listed, rfc3339, shown
from streams.formats.pieces import Pieces, arguments, whole_parts
from streams.formats.reply import Part
from streams.formats.vendor import VendorFormat


class OllamaWriter(Writer):
    """A line for each step, and one at the end with the counts and durations."""

    def __init__(self, context: Context, wire_format: "OllamaFormat") -> None:
        super().__init__(context)
        self._format = wire_format
        self._pieces = Pieces()
        self._about = dump_json(about(context))[:-1]
        self._around: dict[Channel, list[bytes]] = {}

    def step(self, step: Step) -> bytes:
        around = None if step.direction else self.around(step.channel)
        if around is not None:
            return step.json.join(around)
        part = self._pieces.take(step)
        return b"" if part is None else self._said(part)

    def closing(self) -> bytes:
        said = self._format.said([])
        return line({**about(self.context), **said, **ending(self.context)})

    def around(self, channel: Channel) -> list[bytes] | None:
        around = self._around.get(channel)
        if around is None and channel != Channel.TOOL:
            said = self._said(Part(channel=channel, text="\0"))
            # Nothing where none is shown.
            around = said.rsplit(b'"\\u0000"', 1) if said else [b""]
            self._around[channel] = around
        return around

    def _said(self, part: Part) -> bytes:
        if not self._format.shows(part, self.context):
            return b""
        said = dump_json(self._format.said([part]))[1:-1]
        return to_utf8(f'{self._about},{said},"done":false}}\n')

    def error(self, message: str, kind: str = "") -> bytes:
        return line({"error": f"{message} (run {self.context.run_id})"})


class OllamaFormat(VendorFormat):
    """What both of Ollama's endpoints have in common."""

    media_type = "application/x-ndjson"
    # White space before the next object: an empty line would break Ollama's library
    # for Python.
    heartbeat = b" "
    calls_tools = False

    @abstractmethod
    def read_messages(self, fields: Fields) -> tuple[Message, ...]:
        """Read the conversation: nothing, where a model is only to be loaded."""

    @abstractmethod
    def said(self, parts: list[Part]) -> dict[str, object]:
        """Return the fields that say parts."""

    def read(self, fields: Fields) -> Call:
        model = fields.text("model")
        messages = self.read_messages(fields)
        options = fields.record("options")
        # -1 and -2 are no limit.
        limit = options.integer("num_predict", -2, MOST_TOKENS) or 0
        return Call(
            model=model,
            messages=messages,
            prompt=last_user_message(messages),
            system=system_prompt(messages),
            stream=fields.flag("stream", True),
            max_tokens=limit if limit > 0 else None,
            stop=options.texts("stop"),
            round=rounds_since_prompt(messages) if self.calls_tools else None,
            overrides=seed_override(options),
            params=dict(fields),
            options={"think": wants_thoughts(fields)},
        )

    def shows(self, part: Part, context: Context) -> bool:
        """Tell whether a part is for this caller, and can be said."""
        if part.channel == Channel.TOOL:
            return self.calls_tools
        if part.channel == Channel.REASONING:
            return bool(context.call.options.get("think", True))
        return True

    def writer(self, context: Context) -> Writer:
        return OllamaWriter(context, self)

    def complete(self, steps: Iterable[Step], context: Context) -> object:
        parts = [part for part in whole_parts(steps) if self.shows(part, context)]
        return {**about(context), **self.said(parts), **ending(context)}

    def loaded(self, call: Call, created: int) -> object:
        """Answer a request that says nothing: it loads a model, or unloads it."""
        unload = call.params.get("keep_alive") in (0, "0", "0s")
        return {
            "model": call.model,
            "created_at": rfc3339(created),
            **self.said([]),
            "done_reason": "unload" if unload else "load",
            "done": True,
        }

    def models(self, models: Sequence[Model]) -> object:
        return {"models": [listed(model) for model in models]}

    def model(self, model: Model) -> object:
        return shown(model)

    def status(self, problem: Problem) -> int:
        return 503 if problem.code == "overloaded" else problem.status

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        body = to_utf8(dump_json({"error": problem.message}))
        return "application/json; charset=utf-8", body


class OllamaChatFormat(OllamaFormat):
    """`POST /api/chat`."""

    name = "ollama-chat"
    calls_tools = True

    def read_messages(self, fields: Fields) -> tuple[Message, ...]:
        return tuple(
            Message(role=item.text("role").lower(), content=item.text("content", ""))
            for item in fields.objects("messages")
        )

    def said(self, parts: list[Part]) -> dict[str, object]:
        answer, thoughts = texts(parts)
        message: dict[str, object] = {"role": "assistant", "content": answer}
        if thoughts:
            message["thinking"] = thoughts
        calls = [part for part in parts if part.channel == Channel.TOOL]
        if calls:
            message["tool_calls"] = [
                {"function": {"name": call.name, "arguments": arguments(call)}}
                for call in calls
            ]
        return {"message": message}


class OllamaGenerateFormat(OllamaFormat):
    """`POST /api/generate`: one prompt and what follows it, without tools."""

    name = "ollama-generate"

    def read_messages(self, fields: Fields) -> tuple[Message, ...]:
        system, prompt = fields.text("system", ""), fields.text("prompt", "")
        if not prompt:
            return ()
        asked = Message(role="user", content=prompt)
        return (Message(role="system", content=system), asked) if system else (asked,)

    def said(self, parts: list[Part]) -> dict[str, object]:
        answer, thoughts = texts(parts)
        return {"response": answer, **({"thinking": thoughts} if thoughts else {})}


def wants_thoughts(fields: Fields) -> bool:
    """Read `think`, a boolean or how much: there are thoughts unless it is false."""
    value = fields.get("think")
    if value is not None and not isinstance(value, bool | str):
        raise wrong_type("think", "a boolean or a string", value)
    return value is not False


def line(value: object) -> bytes:
    return to_utf8(dump_json(value) + "\n")


def about(context: Context) -> dict[str, object]:
    return {"model": context.model, "created_at": rfc3339(context.created)}


def texts(parts: list[Part]) -> tuple[str, str]:
    """Return the answer, of which a refusal is a part, and the thoughts."""
    spoken = (Channel.ANSWER, Channel.REFUSAL)
    answer = "".join(part.text for part in parts if part.channel in spoken)
    thought = (part.text for part in parts if part.channel == Channel.REASONING)
    return answer, "".join(thought)


def ending(context: Context) -> dict[str, object]:
    """Return the end of an answer, with the plan's durations in nanoseconds.

    None that clients divide by, to tell the tokens a second, is 0.
    """
    reading = max(1, round(context.ttft * 1e9))
    writing = max(1, round((context.duration - context.ttft) * 1e9))
    return {
        # Ollama has no other reasons.
        "done_reason": "length" if context.finish == "length" else "stop",
        "done": True,
        "total_duration": reading + writing,
        "load_duration": 0,
        "prompt_eval_count": context.usage.prompt,
        "prompt_eval_duration": reading,
        "eval_count": context.usage.completion,
        "eval_duration": writing,
    }
