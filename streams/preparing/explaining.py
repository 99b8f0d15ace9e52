"""Why a script answers a call, and not another: for people who wonder."""

from dataclasses import dataclass
from enum import StrEnum

from streams.core.conditions import Reason
from streams.formats.call import Call, Message
from streams.models import Rule, Stream
from streams.preparing.choosing import (
    Chosen,
    Counters,
    Counting,
    choose_script,
    outcome_of,
)


class State(StrEnum):
    """What became of a rule."""

    WON = "won"
    FAILED = "no"
    """A condition does not hold."""
    NOT_ASKED = "not asked"
    """One above it won."""
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One rule, and what became of it."""

    rule: Rule
    state: State
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All rules of a stream in order, and what a call would get."""

    rules: list[Explained]
    chosen: Chosen
    number: int | None
    """Which call of its session it would be; None where no rule wants to know."""

    @property
    def scripts(self) -> int:
        """Count the scripts that take turns in the rule that won."""
        rule = self.chosen.choice.rule
        return len(outcome_of(rule).scripts) if rule else 0


def explain(stream: Stream, call: Call, number: int | None = None) -> Explanation:
    """Say what a call to a stream would get and why; nothing is counted.

    `number` takes it for that call of its session, all of which the same rule
    answered. Raise Problem where the script is gone.
    """
    counters = Counters(stream, call, Counting.PREVIEW, number)
    chosen = choose_script(stream, call, counters)
    verdicts = {
        outcome_of(verdict.rule).rule: verdict for verdict in chosen.choice.verdicts
    }
    rules = []
    for rule in stream.rules.select_related("fault").order_by("order", "pk"):
        verdict = verdicts.get(rule.pk)
        if not rule.enabled:
            state = State.DISABLED
        elif verdict is None:
            state = State.NOT_ASKED
        else:
            state = State.FAILED if verdict.reason else State.WON
        reason = verdict.reason if verdict else None
        rules.append(Explained(rule=rule, state=state, reason=reason))
    wanted = any(rule.needs_number for rule in stream.rule_specs)
    return Explanation(
        rules=rules, chosen=chosen, number=counters.number() if wanted else None
    )


def imagined_call(
    *,
    prompt: str = "",
    turn: int = 1,
    system: str = "",
    model: str = "",
    session: str = "",
    headers: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
) -> Call:
    """Return a call as rules see one, in a conversation that is at a turn."""
    earlier = Message(role="user", content="")
    messages = (earlier,) * (turn - 1) + (Message(role="user", content=prompt),)
    return Call(
        prompt=prompt,
        messages=messages,
        system=system,
        model=model,
        session=session,
        headers={name.lower(): value for name, value in (headers or {}).items()},
        params=params or {},
    )
