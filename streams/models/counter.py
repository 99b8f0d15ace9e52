"""How often a stream was called in a session: the one thing that rules cannot read
from the call itself."""

import time
from contextlib import suppress
from datetime import timedelta
from threading import Lock
from typing import Any, ClassVar

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from streams.conf import conf
from streams.models.stream import Stream

PRUNED_EVERY = 60.0
"""Seconds."""

MOST_PRUNED = 500
"""Most counters deleted at once."""

_lock = Lock()
_pruned = -PRUNED_EVERY


class CounterQuerySet(models.QuerySet["Counter"]):
    def outdated(self) -> "CounterQuerySet":
        """Return the counters of sessions of which nothing was heard for long."""
        days = timedelta(days=conf.keep_conversations_days)
        return self.filter(updated__lt=timezone.now() - days)

    def prune(self) -> None:
        """Delete some of what is outdated, at most once a minute per process."""
        global _pruned
        with _lock:
            if time.monotonic() - _pruned < PRUNED_EVERY:
                return
            _pruned = time.monotonic()
        some = list(self.outdated().values_list("pk", flat=True)[:MOST_PRUNED])
        self.filter(pk__in=some).delete()


class Counter(models.Model):
    """The number of a session's last call to a stream, or to one rule of it."""

    stream = models.ForeignKey(
        Stream,
        models.CASCADE,
        related_name="counters",
        verbose_name=_("stream"),
        # The constraint below has an index that begins with it.
        db_index=False,
    )
    session = models.CharField(_("session"), max_length=200, blank=True)
    # Blank: all calls of the stream.
    what = models.CharField(_("what is counted"), max_length=32, blank=True)
    calls = models.PositiveBigIntegerField(_("calls"), default=0)
    updated = models.DateTimeField(_("updated"), db_index=True)

    objects: ClassVar[Any] = CounterQuerySet.as_manager()

    class Meta:
        verbose_name = _("counter")
        verbose_name_plural = _("counters")
        ordering = ["stream", "session", "what"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "session", "what"], name="streams_counter_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.session} {self.what} {self.calls}"


def count_call(stream_id: int, session: str, what: str = "") -> int:
    """Count one more call of a session and return its number, from 1.

    No two calls get the same number, on whatever workers they come in. `what` names
    what else is counted than the stream's calls, such as one rule's.
    """
    Counter.objects.prune()
    mine = Counter.objects.filter(stream=stream_id, session=session, what=what)
    while True:
        with transaction.atomic():
            # The row stays locked until it is read and the transaction over.
            if mine.update(calls=models.F("calls") + 1, updated=timezone.now()):
                number: int = mine.values_list("calls", flat=True).get()
                return number
            # Another worker may begin to count in this moment: then add to its count.
            with suppress(IntegrityError), transaction.atomic():
                Counter.objects.create(
                    stream_id=stream_id,
                    session=session,
                    what=what,
                    calls=1,
                    updated=timezone.now(),
                )
                return 1


def calls_so_far(stream_id: int, session: str, what: str = "") -> int:
    """Return the number of a session's last call, 0 if there was none."""
    mine = Counter.objects.filter(stream=stream_id, session=session, what=what)
    number: int | None = mine.values_list("calls", flat=True).first()
    return number or 0
