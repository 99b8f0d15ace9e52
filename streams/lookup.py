"""Published streams by slug, looked up once for all who ask within a moment."""

import time
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

from streams.core.hurry import in_a_hurry, may_take_time
from streams.models import Stream

FRESH = 0.1
"""Seconds for which a process trusts what it looked up. What is saved in the process
itself is seen at once; what another process saved, after twice as long at most."""

MOST_KEPT = 1000


@dataclass(slots=True)
class _Found:
    stream: Stream
    checked: float
    trusted_until: float


_found: dict[str, _Found] = {}
_changes = 0
"""How often all was forgotten: what was read before that is not remembered after."""


def stream_by_slug(slug: str) -> Stream | None:
    """Return a stream with its script. It is shared: do not change it."""
    kept, now = _found.get(slug), time.monotonic()
    if in_a_hurry():
        if kept is not None and now < kept.trusted_until:
            return kept.stream
        if kept is not None and now < kept.checked + 1.5 * FRESH:
            # One goes and looks; the others need not wait for it.
            kept.trusted_until = kept.checked + 2 * FRESH
    elif kept is not None and now < kept.checked + FRESH:
        return kept.stream
    may_take_time()
    changes = _changes
    stream = Stream.objects.select_related("script").filter(slug=slug).first()
    if stream is not None and kept is not None:
        known, script = kept.stream.script, stream.script
        if known.body == script.body:
            # What was compiled from it holds this one, and one copy is enough.
            script.body = known.body
    # What is seen within a transaction may never have been.
    if stream is not None and changes == _changes and not _in_transaction(stream):
        if len(_found) >= MOST_KEPT:
            _found.clear()
        _found[slug] = _Found(stream, now, now + FRESH)
    return stream


def _in_transaction(stream: Stream) -> bool:
    alias = stream._state.db
    return alias is not None and connections[alias].in_atomic_block


def forget(**signal: Any) -> None:
    """Look up anew, now and once this transaction is over. For signals."""
    _forget_all()
    transaction.on_commit(_forget_all, using=signal["using"])


def _forget_all() -> None:
    global _changes
    _changes += 1
    _found.clear()
