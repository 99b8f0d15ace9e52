"""The journal's rows: every run, and the processes that play. `streams.journal`
writes them."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from streams.conf import conf

SEEN_EVERY = 5.0
"""Seconds from one sign of life to the next of a worker that plays."""

LOST_AFTER = 15.0
"""Seconds of silence after which nobody believes that a worker still plays."""

WORKERS_KEPT_DAYS = 1
"""For how long a worker without runs in the journal is kept after its last sign."""

MOST_PRUNED = 500
"""Most runs deleted at once."""


class WorkerQuerySet(models.QuerySet["Worker"]):
    def seen_lately(self) -> "WorkerQuerySet":
        return self.filter(last_seen__gte=_lately())

    def prune(self) -> None:
        """Delete those of whom the journal has nothing more to say."""
        before = timezone.now() - timedelta(days=WORKERS_KEPT_DAYS)
        self.filter(last_seen__lt=before, runs=None).delete()


class Worker(models.Model):
    """A process that plays streams, as it last told of itself."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        QUIET = "quiet", _("Quiet")
        STOPPED = "stopped", _("Stopped")
        LOST = "lost", _("Lost")

    name = models.CharField(_("process"), max_length=120, unique=True)
    host = models.CharField(_("host"), max_length=80)
    pid = models.PositiveIntegerField(_("process id"))
    started = models.DateTimeField(_("started"))
    last_seen = models.DateTimeField(_("last seen"), db_index=True)
    stopped = models.DateTimeField(_("stopped"), null=True, blank=True)
    playing = models.PositiveIntegerField(_("playing"), default=0)
    dropped = models.PositiveBigIntegerField(_("runs not recorded"), default=0)

    objects: ClassVar[Any] = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ["-last_seen", "-pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"

    @property
    def is_seen_lately(self) -> bool:
        seen: datetime = self.last_seen
        return seen >= _lately()

    @property
    def state(self) -> "Worker.State":
        """Say what it does. A worker that plays nothing gives no sign of life."""
        if self.stopped:
            return self.State.STOPPED
        if self.is_seen_lately:
            return self.State.RUNNING
        return self.State.LOST if self.playing else self.State.QUIET


class RunQuerySet(models.QuerySet["Run"]):
    def in_state(self, state: str) -> "RunQuerySet":
        """Return the runs of which `Run.state` says so now."""
        alive = models.Q(worker__last_seen__gte=_lately())
        told = models.Q(worker__stopped__isnull=False)
        match state:
            case Run.State.PLAYING:
                return self.filter(alive, outcome="")
            case Run.State.LOST:
                return self.filter(~alive, ~told, outcome="")
            case Run.State.SERVER_STOPPED:
                ended = models.Q(outcome=state)
                return self.filter(ended | (models.Q(outcome="") & ~alive & told))
        return self.filter(outcome=state)

    def with_state(self) -> "RunQuerySet":
        """Add `state_now`: what `Run.state` says, for the database to count."""
        told = models.Q(worker__stopped__isnull=False)
        state = models.Case(
            models.When(~models.Q(outcome=""), then=models.F("outcome")),
            models.When(
                worker__last_seen__gte=_lately(), then=_said(Run.State.PLAYING)
            ),
            models.When(told, then=_said(Run.State.SERVER_STOPPED)),
            default=_said(Run.State.LOST),
            output_field=models.CharField(),
        )
        return self.annotate(state_now=state)

    def outdated(self) -> "RunQuerySet":
        """Return what is kept no longer: what is too old, and what is too much."""
        days = timedelta(days=conf.journal_days)
        over = models.Q(started__lt=timezone.now() - days)
        newest = self.order_by("-pk").values_list("pk", flat=True)
        for pk in newest[conf.journal_rows : conf.journal_rows + 1]:
            over |= models.Q(pk__lte=pk)
        return self.filter(over)

    def prune(self) -> int:
        """Delete some of what is kept no longer; return how many that were."""
        keys = self.outdated().order_by().values_list("pk", flat=True)
        some = list(keys[:MOST_PRUNED])
        self.filter(pk__in=some).delete()
        return len(some)


class Run(models.Model):
    """One playing of a plan to one client.

    Plain values, not keys of other tables, so that the journal stays true when a
    stream is renamed or deleted.
    """

    class State(models.TextChoices):
        PLAYING = "playing", _("Playing")
        COMPLETED = "completed", _("Completed")
        CUT = "cut", _("Cut off")
        STOPPED = "stopped", _("Stopped")
        FAILED = "failed", _("Failed")
        LIMIT = "ended at the limit", _("Limit reached")
        SERVER_STOPPED = "ended by the server's stop", _("Server stopped")
        HOLD_ENDED = "hold ended", _("Held for too long")
        DROPPED = "dropped on purpose", _("Dropped on purpose")
        TRUNCATED = "truncated on purpose", _("Truncated on purpose")
        FAILED_ON_PURPOSE = "failed on purpose", _("Failed on purpose")
        REFUSED = "refused on purpose", _("Refused on purpose")
        LOST = "lost", _("Lost")

    class Transport(models.TextChoices):
        HTTP = "http", _("HTTP stream")
        WEBSOCKET = "websocket", "WebSocket"
        WHOLE = "whole", _("Whole answer")

    worker = models.ForeignKey(
        Worker,
        models.CASCADE,
        related_name="runs",
        verbose_name=_("worker"),
        # The constraint below has an index that begins with it.
        db_index=False,
    )
    number = models.PositiveBigIntegerField(
        _("number"), help_text=_("Counts what its worker plays.")
    )
    # Not unique: a background response may be played again under its id.
    run_id = models.CharField(_("run id"), max_length=32)
    stream = models.CharField(_("stream"), max_length=100)
    script = models.CharField(_("script"), max_length=100)
    revision = models.CharField(_("revision"), max_length=64)
    rule = models.CharField(_("rule"), max_length=200, blank=True)
    # What was injected, and only that: each with where, and where it comes from.
    fault = models.CharField(_("injected"), max_length=300, blank=True)
    session = models.CharField(_("session"), max_length=200, blank=True)
    seed = models.PositiveBigIntegerField(_("seed"))
    format = models.CharField(_("format"), max_length=64)
    transport = models.CharField(_("transport"), max_length=16, choices=Transport)
    client = models.CharField(_("client"), max_length=64, blank=True)
    agent = models.CharField(_("client’s program"), max_length=200, blank=True)
    body = models.TextField(_("request body"), blank=True)
    position = models.PositiveIntegerField(
        _("from position"),
        default=0,
        help_text=_("Above 0 where the run went on with one that was cut off."),
    )
    started = models.DateTimeField(_("started"), db_index=True)
    first_byte_ms = models.PositiveIntegerField(
        _("first byte (ms)"), null=True, blank=True
    )
    # Of what the script says, which comes later than what a format begins with.
    first_chunk_ms = models.PositiveIntegerField(
        _("time to first token (ms)"), null=True, blank=True
    )
    ended = models.DateTimeField(_("ended"), null=True, blank=True)
    # Blank while it plays, and for good where nobody could say how it ended.
    outcome = models.CharField(_("outcome"), max_length=32, blank=True)
    steps = models.PositiveIntegerField(_("steps sent"), default=0)
    bytes = models.PositiveBigIntegerField(_("bytes sent"), default=0)
    lateness_ms = models.PositiveIntegerField(_("worst lateness (ms)"), default=0)

    objects: ClassVar[Any] = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-started", "-pk"]
        default_permissions = ("view", "delete")
        permissions = [("control_run", _("Can hold, step, stop and drop runs"))]
        constraints = [
            models.UniqueConstraint(
                fields=["worker", "number"], name="streams_run_number_once"
            )
        ]
        indexes = [
            models.Index(fields=["run_id"], name="streams_run_id"),
            models.Index(fields=["stream", "-started"], name="streams_run_stream"),
            # Small: what has no outcome is what plays, and what was lost.
            models.Index(
                fields=["-started"],
                name="streams_run_open",
                condition=models.Q(outcome=""),
            ),
        ]

    def __str__(self) -> str:
        return self.run_id

    @property
    def state(self) -> str:
        """Return how it ended, or what is to be thought of a run that did not."""
        if self.outcome:
            return self.outcome
        if self.worker.is_seen_lately:
            return self.State.PLAYING
        return self.State.SERVER_STOPPED if self.worker.stopped else self.State.LOST


def _said(state: Run.State) -> models.Value:
    return models.Value(state.value)


def _lately() -> datetime:
    return timezone.now() - timedelta(seconds=LOST_AFTER)
