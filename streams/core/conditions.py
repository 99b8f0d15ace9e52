"""What a rule may ask of a call, and why what it asks is not so.

All of it follows from the call itself, but for the number of the call, which somebody
has to count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from streams.core.ordinals import Ordinals
from streams.core.patterns import TooSlow, compile_pattern, finds


def _(text: str) -> str:
    """Mark a sentence for translation: whoever shows it translates it."""
    return text


class Asked(Protocol):
    """What a condition may look at: `formats.call.Call` has all of it."""

    @property
    def prompt(self) -> str: ...
    @property
    def system(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def turn(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def query(self) -> Mapping[str, str]: ...
    @property
    def params(self) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a condition does not hold: a sentence with places for values."""

    sentence: str
    values: Mapping[str, object] = field(default_factory=dict)
    stopped: bool = False
    """Whether a regex ran over its time."""

    def __str__(self) -> str:
        return self.sentence % self.values


class Condition(Protocol):
    """One thing that a rule asks of a call."""

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        """Say why it does not hold; None if it does. `number` is the call's."""


class TextTest(StrEnum):
    """How a text is compared."""

    CONTAINS = "contains"
    EQUALS = "equals"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class PromptIs:
    """The prompt contains a text, equals it, or matches a regex."""

    test: TextTest
    text: str
    ignore_case: bool = True

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        prompt, text = asked.prompt, self.text
        values: dict[str, object] = {"wanted": _short(text), "got": _short(prompt)}
        if self.test == TextTest.REGEX:
            try:
                if finds(compile_pattern(text, ignore_case=self.ignore_case), prompt):
                    return None
            except TooSlow as stopped:
                sentence = _(
                    "The regex “%(wanted)s” was stopped after %(ms)d ms: it looks at"
                    " the same text too often. Write it simpler."
                )
                values["ms"] = stopped.milliseconds
                return Reason(sentence, values, stopped=True)
            except ValueError as error:
                sentence = _("The regex “%(wanted)s” is none: %(error)s.")
                return Reason(sentence, {**values, "error": str(error)})
            sentence = _(
                "The prompt is “%(got)s”: the regex “%(wanted)s” finds nothing."
            )
            return Reason(sentence, values)
        if self.ignore_case:
            prompt, text = prompt.casefold(), text.casefold()
        if self.test == TextTest.EQUALS:
            # A line end at the end is a keyboard's, and nobody sees it.
            if prompt.strip() == text.strip():
                return None
            return Reason(_("The prompt is “%(got)s”, not “%(wanted)s”."), values)
        if text in prompt:
            return None
        return Reason(
            _("The prompt is “%(got)s”: it does not contain “%(wanted)s”."), values
        )


@dataclass(frozen=True, slots=True)
class TurnIs:
    """The conversation is at one of these turns."""

    turns: Ordinals
    text: str
    """As somebody wrote them."""

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        if asked.turn in self.turns:
            return None
        values = {"got": asked.turn, "wanted": self.text}
        return Reason(
            _("This is turn %(got)d of the conversation, not %(wanted)s."), values
        )


@dataclass(frozen=True, slots=True)
class SystemContains:
    """The system prompt contains a text, in whatever case."""

    text: str

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        if self.text.casefold() in asked.system.casefold():
            return None
        values = {"wanted": _short(self.text), "got": _short(asked.system)}
        if not asked.system:
            return Reason(
                _("There is no system prompt; “%(wanted)s” is wanted in it."), values
            )
        return Reason(
            _("The system prompt is “%(got)s”: it does not contain “%(wanted)s”."),
            values,
        )


@dataclass(frozen=True, slots=True)
class ModelIs:
    """The caller names this model."""

    name: str

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        if asked.model == self.name:
            return None
        values = {"wanted": self.name, "got": _short(asked.model)}
        if not asked.model:
            return Reason(_("No model is named; “%(wanted)s” is wanted."), values)
        return Reason(_("The model is “%(got)s”, not “%(wanted)s”."), values)


@dataclass(frozen=True, slots=True)
class HeaderIs:
    """A header is there, or has a value."""

    name: str
    value: str = ""
    """Empty: any."""

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        got = asked.headers.get(self.name.lower())
        values = {"name": self.name, "wanted": self.value, "got": _short(got or "")}
        if got is None:
            return Reason(_("There is no header %(name)s."), values)
        if self.value in ("", got):
            return None
        return Reason(_("Header %(name)s is “%(got)s”, not “%(wanted)s”."), values)


@dataclass(frozen=True, slots=True)
class ParameterIs:
    """A parameter of the body, or else of the query, is there, or has a value."""

    name: str
    value: str = ""
    """Empty: any."""

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        found: object = asked.params.get(self.name)
        if found is None:
            found = asked.query.get(self.name)
        got = as_text(found)
        values = {"name": self.name, "wanted": self.value, "got": _short(got)}
        if found is None:
            return Reason(_("There is no parameter %(name)s."), values)
        if self.value in ("", got):
            return None
        return Reason(_("Parameter %(name)s is “%(got)s”, not “%(wanted)s”."), values)


@dataclass(frozen=True, slots=True)
class CallIs:
    """It is one of these calls of its session. The one condition that needs a count."""

    calls: Ordinals
    text: str
    """As somebody wrote them."""

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        if number in self.calls:
            return None
        values = {"got": number, "wanted": self.text}
        return Reason(_("This is call %(got)d of its session, not %(wanted)s."), values)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A condition that somebody wrote and nobody can read. It never holds."""

    error: str

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        return Reason(_("It cannot be read: %(error)s."), {"error": self.error})


def as_text(value: object) -> str:
    """Write a parameter as somebody would in an address: `true`, `7`, `greeting`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"
