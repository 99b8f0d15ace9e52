"""What a format is: a wire dialect, turning requests into calls and steps into bytes.

A format keeps no state and does no I/O. What differs from run to run reaches it in a
frozen `Context`, so the same plan and context give the same bytes.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.core.parameters import OVERRIDES
from streams.core.plan import Step
from streams.exceptions import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request, whatever framework it came through."""

    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: object = None
    """The parsed body: any JSON value, or a form's fields as a dict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a caller asks for."""

    prompt: str = ""
    messages: tuple[Message, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Raw values of the settings that a request may change; see `core.parameters`."""
    params: Mapping[str, object] = field(default_factory=dict)
    """Everything else, for templates."""
    last_event_id: str = ""

    @property
    def turn(self) -> int:
        """Count the user's messages, this one included: 1 in a new conversation."""
        return max(1, sum(message.role == "user" for message in self.messages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stays the same throughout one run."""

    run_id: str
    slug: str
    """The stream's, which is its model name for formats that have one."""
    revision: str
    """Digest prefix of the revision that is played."""
    seed: int
    retry_ms: int
    end: int
    """Position after the whole script."""
    reset: str = ""
    """Why a client that wanted to go on has to start over; empty where it has not."""

    def event_id(self, position: int) -> str:
        """Name a place in a revision, for `id:` and Last-Event-ID."""
        return f"{self.revision}-{position}"

    @property
    def done_position(self) -> int:
        """The terminal event counts one more, so a client that missed it gets it."""
        return self.end + 1


class Format(ABC):
    """One wire dialect."""

    name: str
    """Kebab-case; the same in URLs, settings and documents."""
    media_type = "text/event-stream; charset=utf-8"
    heartbeat = b""
    """What keeps a silent connection open without being an event."""

    def parse(self, incoming: Incoming) -> Call:
        """Read a request; raise Problem for one that cannot be answered."""
        fields: dict[str, object] = dict(incoming.query)
        if isinstance(incoming.body, dict):
            fields |= incoming.body
        elif incoming.body is not None:
            raise Problem(
                status=400,
                code="body_not_an_object",
                message='The JSON body must be an object, such as {"prompt": "Hello"}.',
            )
        last_event_id = _text(fields, "last_event_id")
        messages = _messages(fields.pop("messages", []))
        prompt = _text(fields, "prompt") or _last_user_message(messages)
        # A form sends the fields one left blank, too: they override nothing.
        given = ((name, _text(fields, name)) for name in OVERRIDES)
        overrides = {name: text for name, text in given if text}
        fields.pop("format", None)
        return Call(
            prompt=prompt,
            messages=messages,
            overrides=overrides,
            params=fields,
            # A browser that connects again sends the header beside its first URL.
            last_event_id=incoming.headers.get("last-event-id") or last_event_id,
        )

    def opening(self, context: Context) -> bytes:
        """Return what is sent at once, before the first step is due."""
        return b""

    @abstractmethod
    def step(self, step: Step, context: Context) -> bytes:
        """Return a step's bytes: none where the format has no way to say it."""

    @abstractmethod
    def closing(self, context: Context) -> bytes:
        """Return the end of a stream that was played to its end."""

    @abstractmethod
    def error(self, message: str, context: Context) -> bytes:
        """Return the end of a stream that failed after its first byte."""

    def goodbye(self, context: Context) -> bytes:
        """Return the end of a stream whose server stops, if there is a way to say it.

        It is no error: a client that can resume should, and soon.
        """
        return b""

    def come_back(self, problem: Problem, milliseconds: int) -> bytes:
        """Return the body of a stream that says when to ask again, if it can."""
        return b""

    @abstractmethod
    def problem(self, problem: Problem) -> tuple[str, bytes]:
        """Return media type and body of an answer with an error status."""


def dump_json(value: object) -> str:
    """Write compact JSON whose only line ends, to any reader, are its own.

    Some clients split lines at U+0085, U+2028 and U+2029 too.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "\x85\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _text(fields: dict[str, object], name: str) -> str:
    """Take a field that must be a string or a number."""
    value = fields.pop(name, "")
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Problem(
            status=400,
            code="parameter_wrong_type",
            message=f"`{name}` must be a string or a number.",
            param=name,
        )
    return str(value)


def _messages(value: object) -> tuple[Message, ...]:
    def is_message(item: object) -> bool:
        return (
            isinstance(item, dict)
            and isinstance(item.get("role"), str)
            and isinstance(item.get("content"), str)
        )

    if not isinstance(value, list) or not all(map(is_message, value)):
        raise Problem(
            status=400,
            code="parameter_wrong_type",
            message=(
                "`messages` must be a list of objects with `role` and `content`,"
                ' such as [{"role": "user", "content": "Hello"}].'
            ),
            param="messages",
        )
    return tuple(Message(role=m["role"], content=m["content"]) for m in value)


def _last_user_message(messages: tuple[Message, ...]) -> str:
    spoken = (m.content for m in reversed(messages) if m.role == "user")
    return next(spoken, "")
