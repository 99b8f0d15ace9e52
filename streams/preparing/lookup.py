"""Published streams by slug, looked up once for all who ask within a moment."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connections, transaction
from django.db.models import Exists, Model, OuterRef

from streams.core.hurry import in_a_hurry, may_take_time
from streams.models import Fault, Rule, Script, Stream

FRESH = 0.1
"""Seconds for which a process trusts what it looked up. What is saved in the process
itself is seen at once; what another process saved, after twice as long at most."""

MOST_KEPT = 1000

Row = TypeVar("Row", bound=Model)


@dataclass(slots=True)
class _Found:
    row: Any
    checked: float
    trusted_until: float


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


def _look_up(key: Any, fetch: Callable[[Any, Row | None], Row | None]) -> Row | None:
    kept, now = _found.get(key), time.monotonic()
    if in_a_hurry():
        if kept is not None and now < kept.trusted_until:
            known: Row = kept.row
            return known
        if kept is not None and now < kept.checked + 1.5 * FRESH:
            # One goes and looks; the others need not wait for it.
            kept.trusted_until = kept.checked + 2 * FRESH
    elif kept is not None and now < kept.checked + FRESH:
        known = kept.row
        return known
    may_take_time()
    changes = _changes
    row = fetch(key, kept.row if kept is not None else None)
    # What is seen within a transaction may never have been.
    if row is not None and changes == _changes and not _in_transaction(row):
        if len(_found) >= MOST_KEPT:
            _found.clear()
        _found[key] = _Found(row, now, now + FRESH)
    return row


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
