"""What goes wrong with a call on purpose: by its stream's settings, or as it asks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from streams.core.acts import Act, Acting
from streams.core.fault_specs import parse_faults
from streams.core.faults import ENDINGS, OVERRIDE, Fault, Kind, acts
from streams.core.parameters import PARAMETERS, shown
from streams.core.plan import Plan
from streams.exceptions import Injected, Problem
from streams.formats.call import Call
from streams.models import Stream
from streams.models.run import Run

MOST_MARKED = 10
"""Most faults that a header names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arming:
    """What is to go wrong with one run."""

    faults: tuple[Fault, ...] = ()
    hold_after: int | None = None
    """After how many chunks the run is to be held."""
    hold_asked: bool = False
    """The call asked for that, not the stream."""
    speed: float = 1.0
    """Divides a fault's seconds, as it does all others."""

    @classmethod
    def again(cls, kept: Iterable[Iterable[str]], speed: float) -> "Arming":
        """Return what `to_keep` has kept."""
        faults = (
            replace(fault, title=title)
            for title, spec in kept
            for fault in parse_faults(spec)
        )
        return cls(faults=tuple(faults), speed=speed)

    def to_keep(self) -> list[list[str]]:
        """Return, for JSON, what belongs to every playing of a run, not only to the
        first: what takes time, and what happens always."""
        return [
            [fault.title, fault.spec]
            for fault in self.faults
            if fault.kind.takes_seconds or fault.always
        ]

    def refuse(self, about: Callable[[], dict[str, Any]], call: Call) -> None:
        """Raise the error that is the first of the faults that are a status, if one is.

        `about` returns what the journal is to know of the run, whose `run_id` names the
        error.
        """
        for fault in self.faults:
            if fault.kind == Kind.STATUS:
                raise _injected(fault, about(), call)

    def inject(self, plan: Plan, position: int = 0) -> tuple[Plan, tuple[Fault, ...]]:
        """Return the plan with the faults in it, and which of them have a place there.

        `position` is where the plan begins. Raise Problem where a call that does not
        go on with another asks for what is past the end: its test would pass for the
        wrong reason.
        """
        whole = plan
        placed = []
        later = 0.0
        for fault in self.faults:
            if fault.kind == Kind.SLOW_START:
                later += fault.seconds / self.speed
            elif not fault.kind.is_act:
                pass
            elif found := self._placed(plan, fault, position):
                plan = found
            else:
                if fault.title == OVERRIDE and not position:
                    raise _past_the_end("fault", fault.spec, whole)
                continue
            placed.append(fault)
        if self.hold_after is not None:
            acting = Acting(act=Act.HOLD, fault=OVERRIDE)
            held = plan.acting(acting, event=self.hold_after)
            if held is None and self.hold_asked:
                raise _past_the_end("hold_after", str(self.hold_after), whole)
            plan = held or plan
        return (plan.since(-later) if later else plan), tuple(placed)

    def _placed(self, plan: Plan, fault: Fault, begin: int) -> Plan | None:
        acting = fault.acting(self.speed)
        if fault.position is None:
            return plan.acting(acting, event=fault.event)
        if fault.position < begin:
            return None  # The client has what was there already.
        if fault.position == begin:
            return plan.acting(acting, event=0)
        return plan.acting(acting, position=fault.position)


def arm(
    stream: Stream,
    call: Call,
    *,
    seed: int,
    speed: float,
    number: Callable[[], int],
    of_rule: int | None = None,
    resumed: bool = False,
) -> Arming:
    """Say what is to go wrong with a call; raise Problem for what it may not ask.

    `number` returns which call of its session this is, and counts it: it is asked only
    where a fault depends on that. What the call asks for comes in the place of the
    stream's own faults. Of those that rules have, only that of the rule that won may
    happen: `of_rule` is its key. On a connection that goes on with another there are
    only those that happen always.
    """
    hold = _permitted(stream, call, "hold_after")
    hold_after = stream.hold_after
    if hold is not None:
        hold_after = int(PARAMETERS["hold_after"].parse(hold))
    if (asked := _permitted(stream, call, "fault")) is not None:
        faults = parse_faults(asked)
    else:
        faults = _of_settings(stream, call, seed, number, of_rule, resumed)
    if resumed:
        faults = tuple(fault for fault in faults if fault.always)
        hold_after = None
    return Arming(
        faults=faults,
        hold_after=hold_after,
        hold_asked=hold is not None,
        speed=speed,
    )


ON_WHOLE_ANSWERS = (Act.STALL, Act.MALFORMED, *ENDINGS)
"""The acts that say something to an answer which is not streamed."""


def marked(plan: Plan, faults: Iterable[Fault], *, stream: bool) -> str:
    """Say what is going to be injected, for the header X-Stream-Fault."""
    said = [str(fault) for fault in faults if not fault.kind.is_act]
    said += [
        note
        for _, acting, note in acts(plan.steps)
        if stream or acting.act in ON_WHOLE_ANSWERS
    ]
    return "; ".join(said[:MOST_MARKED])


def first_due(plan: Plan) -> float:
    """Return when the first step is due that does not only act."""
    directions = plan.steps.directions
    for index, due in enumerate(plan.due):
        if index not in directions or not isinstance(directions[index].value, Acting):
            return due
    return plan.duration


def _of_settings(
    stream: Stream,
    call: Call,
    seed: int,
    number: Callable[[], int],
    of_rule: int | None,
    resumed: bool,
) -> tuple[Fault, ...]:
    own_seed = stream.seed is not None and "seed" not in call.overrides
    return tuple(
        fault
        for key, of_rules, fault in stream.armed_faults
        if (key == of_rule or not of_rules)
        and (fault.always or not resumed)
        and fault.fires(seed=seed, own_seed=own_seed, call=number)
    )


def _permitted(stream: Stream, call: Call, name: str) -> str | None:
    """Return what a call asks for, if it does and may."""
    asked = call.overrides.get(name)
    if asked is not None and not stream.allow_faults:
        raise Problem(
            status=403,
            code="fault_not_permitted",
            message=(
                f"Stream '{stream.slug}' takes no `{name}` from callers, and this call"
                f" has {shown(name, asked)}. Whoever edits the stream can permit it:"
                " tick 'Callers may inject faults' in the admin, or write"
                " `allow_faults: true` into its file."
            ),
            param=name,
        )
    return asked


def _past_the_end(name: str, asked: str, plan: Plan) -> Problem:
    steps = plan.steps
    events = len(steps) - len(steps.directions)
    return Problem(
        status=400,
        code="past_the_end",
        message=(
            f"{shown(name, asked)} would never happen: this answer has {events:,}"
            f" events and ends at position {steps.end:,}. Ask for a place in it."
        ),
        param=name,
    )


def _injected(fault: Fault, run: dict[str, Any], call: Call) -> Injected:
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    origin = "the request asked for it" if fault.title == OVERRIDE else fault.title
    problem = Injected(
        call=call,
        status=fault.status,
        code="injected_fault",
        message=fault.message or f"This error is injected on purpose: {origin}.",
        headers=headers,
        run={**run, "faults": [str(fault)], "outcome": Run.State.REFUSED.value},
    )
    problem.id = run["run_id"]
    return problem
