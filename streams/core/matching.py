"""Which of a stream's rules answers a call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streams.core.conditions import Asked, CallIs, Condition, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Conditions with a name. It holds where all of them do; without any, always."""

    title: str
    conditions: tuple[Condition, ...] = ()
    outcome: Any = None
    """What the caller of `choose` wants to find again."""

    @property
    def needs_number(self) -> bool:
        return any(isinstance(condition, CallIs) for condition in self.conditions)

    def why_not(self, asked: Asked, number: int) -> Reason | None:
        """Say why it does not hold: the first of its conditions that does not."""
        for condition in self.conditions:
            if reason := condition.why_not(asked, number):
                return reason
        return None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule."""

    rule: Rule
    reason: Reason | None
    """Why it does not hold; None for the one that won."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The rule that won, if one did, and what became of those above it."""

    rule: Rule | None
    verdicts: tuple[Verdict, ...]


def choose(rules: tuple[Rule, ...], asked: Asked, number: Callable[[], int]) -> Choice:
    """Return the first rule that holds.

    `number` returns which call of its session this is. It is asked once, if any rule
    wants to know, whichever wins: so that each call counts.
    """
    counted = number() if any(rule.needs_number for rule in rules) else 0
    verdicts = []
    for rule in rules:
        reason = rule.why_not(asked, counted)
        verdicts.append(Verdict(rule, reason))
        if reason is None:
            return Choice(rule, tuple(verdicts))
    return Choice(None, tuple(verdicts))


def place_in_sequence(number: int, length: int, *, start_over: bool) -> int:
    """Return which of a sequence answers, from 0, for the call of a number, from 1."""
    if start_over:
        return (number - 1) % length
    return min(number, length) - 1
