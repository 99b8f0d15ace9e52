"""Which script answers a call: what the rules of its stream say."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from streams.core.hurry import may_take_time
from streams.core.matching import Choice, Rule, choose, place_in_sequence
from streams.exceptions import Problem
from streams.formats.call import Call
from streams.models import Script, Stream
from streams.models.counter import calls_so_far, count_call
from streams.models.rule import DEFAULT, Outcome
from streams.preparing.lookup import script_by_key

logger = logging.getLogger("streams")

NO_RULE = Choice(None, ())

TOLD_EVERY = 60.0
"""Seconds after which a regex that runs over its time is told of again."""

# When each was last told of, by stream and title.
_told: dict[tuple[str, str], float] = {}


class Counting(Enum):
    """What a call is to its session."""

    CALL = "call"
    """One more."""
    PREVIEW = "preview"
    """None: somebody wants to know what one more would get."""
    RESUMED = "resumed"
    """The last one again, on another connection."""


class Counters:
    """The numbers of one call: looked up when they are wanted, and counted once.

    A call has a number in its session, from 1, and another one for each rule whose
    scripts take turns. `fixed` is taken for either.
    """

    def __init__(
        self,
        stream: Stream,
        call: Call,
        counting: Counting,
        fixed: int | None = None,
    ) -> None:
        self._stream = stream
        # PostgreSQL refuses NUL with an error, and every database half a character.
        session = call.session.replace("\0", "\N{REPLACEMENT CHARACTER}")
        self._session = session.encode("utf-8", "replace").decode()
        self.counting = counting
        self._continues = bool(call.round)
        self._fixed = fixed
        self._known: dict[str, int] = {}

    def number(self) -> int:
        """Return which call of its session this is."""
        return self._count("", self.counting)

    def number_for(self, rule: int) -> int:
        """Return which of the calls that a rule answered in the session this is.

        A call that brings results of tools goes on with what was said last.
        """
        continues = self._continues and self.counting == Counting.CALL
        counting = Counting.RESUMED if continues else self.counting
        return self._count(f"rule {rule}", counting)

    def _count(self, what: str, counting: Counting) -> int:
        if self._fixed is not None:
            return self._fixed
        if what not in self._known:
            # Before it is counted: what is tried in a hurry may be done again.
            may_take_time()
            key = (self._stream.pk, self._session, what)
            if counting == Counting.CALL:
                self._known[what] = count_call(*key)
            elif counting == Counting.PREVIEW:
                self._known[what] = calls_so_far(*key) + 1
            else:
                self._known[what] = max(1, calls_so_far(*key))
        return self._known[what]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What answers a call."""

    script: Script
    choice: Choice
    place: int = 0
    """Which of the rule's scripts it is, from 0."""

    @property
    def rule(self) -> str:
        """Name what chose it, for headers and journal."""
        return self.choice.rule.title if self.choice.rule else DEFAULT

    @property
    def fault(self) -> int | None:
        """Primary key of the fault that the rule brings."""
        return outcome_of(self.choice.rule).fault if self.choice.rule else None


def choose_script(stream: Stream, call: Call, counters: Counters) -> Chosen:
    """Return the script that answers a call; raise Problem where it is gone."""
    if not stream.rule_specs:
        return Chosen(script=stream.script, choice=NO_RULE)
    choice = choose(stream.rule_specs, call, counters.number)
    for verdict in choice.verdicts:
        if verdict.reason and verdict.reason.stopped:
            _tell(stream, verdict.rule, str(verdict.reason))
    if choice.rule is None:
        return Chosen(script=stream.script, choice=choice)
    outcome = outcome_of(choice.rule)
    if not outcome.scripts:
        return Chosen(script=stream.script, choice=choice)
    place = _place(outcome, call, lambda: counters.number_for(outcome.rule))
    key = outcome.scripts[place]
    script = stream.script if key == stream.script_id else script_by_key(key)
    if script is None:
        raise Problem(
            status=500,
            code="script_deleted",
            message=(
                f"The script that rule '{choice.rule.title}' of stream"
                f" '{stream.slug}' names was deleted this moment: ask again."
            ),
        )
    return Chosen(script=script, choice=choice, place=place)


def playable_scripts(stream: Stream) -> set[int]:
    """Return the primary keys of all scripts that a call to a stream may get."""
    named = (key for rule in stream.rule_specs for key in outcome_of(rule).scripts)
    return {stream.script_id, *named}


def outcome_of(rule: Rule) -> Outcome:
    """Return what a rule says when it wins."""
    outcome: Outcome = rule.outcome
    return outcome


def _place(outcome: Outcome, call: Call, number: Callable[[], int]) -> int:
    length = len(outcome.scripts)
    if length == 1:
        return 0
    counted = call.turn if outcome.by_turn else number()
    return place_in_sequence(counted, length, start_over=outcome.start_over)


def _tell(stream: Stream, rule: Rule, reason: str) -> None:
    key, now = (stream.slug, rule.title), time.monotonic()
    if now - _told.get(key, -TOLD_EVERY) < TOLD_EVERY:
        return
    if len(_told) >= 1000:
        _told.clear()
    _told[key] = now
    logger.warning("rule '%s' of stream '%s': %s", rule.title, stream.slug, reason)
