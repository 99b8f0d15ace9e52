"""What is asked: a request, whatever framework it came through, and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
    """`user`, `assistant`, `system`, or `tool` for what a function gave back."""
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a caller asks for."""

    prompt: str = ""
    messages: tuple[Message, ...] = ()
    system: str = ""
    """The system prompt, wherever the vendor puts it."""
    model: str = ""
    """The name that the caller gave, for formats that have models."""
    stream: bool = True
    """False for one answer in whole."""
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    """The answer ends before the first of these that it comes to."""
    choices: int = 1
    """How many answers to the same prompt are wanted."""
    round: int | None = None
    """How many results of tools the caller gave back since the last prompt: what is
    said next is what the script has after so many calls. None plays all of it."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Raw values of the settings that a request may change; see `core.parameters`."""
    params: Mapping[str, object] = field(default_factory=dict)
    """Everything else, for templates."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the format itself wants to know again when it writes."""
    last_event_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The request's, names in lower case."""
    query: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """What its address says; where a body says the same, that counts."""
    session: str = ""
    """Whose calls are counted together, as the caller names it."""

    def without_request(self) -> "Call":
        """Return what is no copy of the request: what was made of it, and who asks."""
        return Call(
            model=self.model,
            stream=self.stream,
            max_tokens=self.max_tokens,
            choices=self.choices,
            round=self.round,
            options=self.options,
            session=self.session,
        )

    @property
    def turn(self) -> int:
        """Count the user's messages, this one included: 1 in a new conversation."""
        return max(1, sum(message.role == "user" for message in self.messages))
