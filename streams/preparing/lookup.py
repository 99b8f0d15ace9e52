"""Published streams by slug, looked up once for all who ask within a moment."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from django.db import connections, transaction
from django.db.models import Exists, Model, OuterRef

from streams.core.hurry import in_a_hurry, may_take_time
from streams.models import Fault, Rule, Script, Stream
from streams.preparing.background import background
from streams.preparing.questions import Answers, Questions

FRESH = 0.1
"""Seconds for which a process trusts what it looked up. What is saved in the process
itself is seen at once; what another process saved, after twice as long at most."""

MOST_KEPT = 1000

Row = TypeVar("Row", bound=Model)


_Fetch = Callable[[Any, Row | None], Row | None]


@dataclass(slots=True)
class _Found:
    row: Any
    checked: float
    questions: Questions | None = None
    """What was asked for it, where it is asked for often."""
    answers: Answers | None = None
    """What they were answered, just before."""
    is_being_checked: bool = False
    """Whether somebody has gone to look."""


_found: dict[str | int, _Found] = {}
"""Streams by slug, and scripts by primary key."""
_changes = 0
"""How often all was forgotten: what was read before that is not remembered after."""


def stream_by_slug(slug: str) -> Stream | None:
    """Return a stream with its script, rules and faults.

    It is shared: do not change it.
    """
    return _look_up(slug, _fetch_stream)


def script_by_key(key: int) -> Script | None:
    """Return the script that a rule chose. It is shared: do not change it."""
    return _look_up(key, _fetch_script)


def _fetch_stream(slug: str, known: Stream | None) -> Stream | None:
    rules = Rule.objects.filter(stream=OuterRef("pk"), enabled=True)
    faults = Fault.objects.filter(stream=OuterRef("pk"), enabled=True)
    streams = Stream.objects.select_related("script").annotate(
        has_rules=Exists(rules), has_faults=Exists(faults)
    )
    stream = streams.filter(slug=slug).first()
    if stream is None:
        return None
    # Asked for here, so that they are at hand later.
    facts = stream.__dict__
    facts["rule_specs"] = stream.rule_specs if facts["has_rules"] else ()
    facts["armed_faults"] = stream.armed_faults if facts["has_faults"] else ()
    if known is not None:
        _share_text(stream.script, known.script)
    return stream


def _fetch_script(key: int, known: Script | None) -> Script | None:
    script = Script.objects.filter(pk=key).first()
    if script is not None and known is not None:
        _share_text(script, known)
    return script


def _share_text(script: Script, known: Script) -> None:
    if known.body == script.body:
        # What was compiled from it holds this one, and one copy is enough.
        script.body = known.body


def _look_up(key: Any, fetch: _Fetch[Row]) -> Row | None:
    kept, now = _found.get(key), time.monotonic()
    if kept is not None:
        age = now - kept.checked
        known: Row = kept.row
        if not in_a_hurry():
            if age < FRESH:
                return known
        elif kept.is_being_checked:
            # The others need not wait for it.
            if age < 2 * FRESH:
                return known
        elif age < FRESH:
            if age > FRESH / 2:
                # A stream that is asked for all the time is never waited for.
                kept.is_being_checked = True
                background.do(partial(_check, key, fetch, kept))
            return known
        else:
            kept.is_being_checked = True
    may_take_time()
    changes = _changes
    row = fetch(key, None if kept is None else kept.row)
    _remember(key, row, _Found(row, now), changes)
    return row


def _check(key: Any, fetch: _Fetch[Row], kept: _Found) -> None:
    """See whether a row is as it was; if not, get it anew. In the background."""
    now, changes = time.monotonic(), _changes
    # Before the row: what changes in between is seen the next time.
    answers = kept.questions.ask_again() if kept.questions else None
    if answers is not None and answers == kept.answers:
        row, questions = kept.row, kept.questions
    else:
        questions = Questions()
        with questions.listen():
            row = fetch(key, kept.row)
    _remember(key, row, _Found(row, now, questions, answers), changes)


def _remember(key: Any, row: Model | None, found: _Found, changes: int) -> None:
    if row is None:
        _found.pop(key, None)
    # What is seen within a transaction may never have been.
    elif changes == _changes and not _in_transaction(row):
        if len(_found) >= MOST_KEPT:
            _found.clear()
        _found[key] = found


def _in_transaction(row: Model) -> bool:
    alias = row._state.db
    return alias is not None and connections[alias].in_atomic_block


def forget(**signal: Any) -> None:
    """Look up anew, now and once this transaction is over. For signals."""
    _forget_all()
    transaction.on_commit(_forget_all, using=signal["using"])


def _forget_all() -> None:
    global _changes
    _changes += 1
    _found.clear()
