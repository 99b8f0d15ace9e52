"""What API clients leave with us and ask for again: threads, messages, responses."""

import secrets
import string
import time
from datetime import timedelta
from threading import Lock
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from streams.conf import conf

_LETTERS = string.ascii_letters + string.digits

PRUNED_EVERY = 60.0
"""Seconds."""

MOST_PRUNED = 500
"""Most objects deleted at once, not counting what is in them."""

_lock = Lock()
_pruned = -PRUNED_EVERY


class KeptQuerySet(models.QuerySet["Kept"]):
    def of(self, workspace: str, kind: str) -> "KeptQuerySet":
        """Return one client's objects of a kind, oldest first."""
        return self.filter(workspace=workspace, kind=kind)

    def outdated(self) -> "KeptQuerySet":
        """Return what is kept no longer; what is in something goes with it only."""
        days = timedelta(days=conf.keep_conversations_days)
        return self.filter(parent=None, updated__lt=timezone.now() - days)

    def prune(self) -> None:
        """Delete some of what is kept no longer, at most once a minute per process.

        For whoever keeps something: no site has to run a job for it.
        """
        global _pruned
        with _lock:
            if time.monotonic() - _pruned < PRUNED_EVERY:
                return
            _pruned = time.monotonic()
        some = list(self.outdated().values_list("pk", flat=True)[:MOST_PRUNED])
        self.filter(pk__in=some).delete()


class Kept(models.Model):
    """One object of a vendor's API, as its JSON and what is looked for by.

    A workspace is what one credential sees, as with the vendors: nobody reads the
    threads of others.
    """

    key = models.CharField(_("id"), max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=32)
    workspace = models.CharField(_("workspace"), max_length=64)
    parent = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent"),
    )
    data = models.JSONField(_("data"), default=dict)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True, db_index=True)

    objects: ClassVar[Any] = KeptQuerySet.as_manager()

    class Meta:
        verbose_name = _("kept object")
        verbose_name_plural = _("kept objects")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["workspace", "kind"], name="streams_kept_listed")
        ]

    def __str__(self) -> str:
        return self.key


def new_id(prefix: str) -> str:
    """Return an id that nobody guesses, as the vendors' look: `thread_4mJ…`."""
    return f"{prefix}_{''.join(secrets.choice(_LETTERS) for _ in range(24))}"
