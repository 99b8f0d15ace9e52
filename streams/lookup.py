"""Published streams by slug, looked up once for all who ask within a moment."""

import time
from typing import Any

from django.db import connections, transaction

from streams.core.hurry import may_take_time
from streams.models import Stream

FRESH = 0.1
"""Seconds for which a process trusts what it looked up. What is saved in the process
itself is seen at once; what another process saved, after so long at most."""

MOST_KEPT = 1000

_found: dict[str, tuple[float, Stream]] = {}


def stream_by_slug(slug: str) -> Stream | None:
    """Return a stream with its script. It is shared: do not change it."""
    kept = _found.get(slug)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    may_take_time()
    stream = Stream.objects.select_related("script").filter(slug=slug).first()
    # What is seen within a transaction may never have been.
    if stream is not None and not _in_transaction(stream):
        if len(_found) >= MOST_KEPT:
            _found.clear()
        _found[slug] = (time.monotonic() + FRESH, stream)
    return stream


def _in_transaction(stream: Stream) -> bool:
    alias = stream._state.db
    return alias is not None and connections[alias].in_atomic_block


def forget(**signal: Any) -> None:
    """Look up anew, now and once this transaction is over. For signals."""
    _found.clear()
    transaction.on_commit(_found.clear, using=signal["using"])
