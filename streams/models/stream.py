"""How it is said, and to whom: what is published at a slug."""

from functools import cached_property

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from streams.core import matching
from streams.core.chunks import Unit
from streams.core.faults import Fault
from streams.core.hurry import may_take_time
from streams.exceptions import ScriptError
from streams.formats.call import Call
from streams.models.entry import Entry, User
from streams.models.ranges import in_range, ranged
from streams.models.script import Script
from streams.models.timing import Estimate, Timing


class StreamQuerySet(models.QuerySet["Stream"]):
    def published(self) -> "StreamQuerySet":
        return self.filter(published=True)

    def listed(self) -> "StreamQuerySet":
        """Return the streams that anybody may know of."""
        return self.published().filter(access=Stream.Access.PUBLIC)

    def playable_by(self, user: User) -> "StreamQuerySet":
        """Return the streams that this user may play; see `find_stream`."""
        if user.has_perm("streams.view_stream"):
            return self.all()
        if user.is_authenticated:
            open_to_users = [Stream.Access.PUBLIC, Stream.Access.SIGNED_IN]
            return self.published().filter(access__in=open_to_users)
        return self.listed()


class Stream(Timing, Entry):
    """A script, published with its timing at a slug."""

    class Access(models.TextChoices):
        PUBLIC = "public", _("Everybody")
        SIGNED_IN = "signed-in", _("Whoever is signed in")
        API_KEY = "api-key", _("Holders of an API key")
        PERMISSION = "permission", _("Users with the permission to view streams")

    slug = models.SlugField(
        _("slug"),
        max_length=100,
        unique=True,
        help_text=_("Part of the stream's address, and its name for API clients."),
    )
    script = models.ForeignKey(
        Script, models.PROTECT, related_name="streams", verbose_name=_("script")
    )
    published = models.BooleanField(
        _("published"),
        default=False,
        help_text=_("A draft plays for people who may view streams, and nobody else."),
    )
    access = models.CharField(
        _("access"), max_length=16, choices=Access, default=Access.PUBLIC
    )

    retry_ms = models.PositiveIntegerField(
        default=3000,
        **ranged(
            "retry_ms",
            _("retry (ms)"),
            help_text=_("When a browser connects again after a lost connection."),
        ),
    )
    heartbeat_s = models.PositiveSmallIntegerField(
        default=15,
        **ranged(
            "heartbeat_s",
            _("heartbeat (s)"),
            help_text=_("Silence after which a comment keeps the connection open."),
        ),
    )
    max_concurrent = models.PositiveIntegerField(
        null=True,
        blank=True,
        **ranged(
            "max_concurrent",
            _("most at once"),
            help_text=_("Plays of this stream at once, in each process. Blank: any."),
        ),
    )
    max_duration_s = models.PositiveIntegerField(
        null=True,
        blank=True,
        **ranged(
            "max_duration_s",
            _("longest (s)"),
            help_text=_("A play that would take longer is refused. Blank: the site’s."),
        ),
    )
    max_bytes = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        **ranged(
            "max_bytes",
            _("most bytes"),
            help_text=_("A play ends there with an error. Blank: the site’s."),
        ),
    )
    max_speed = models.FloatField(
        default=10,
        **ranged(
            "speed",
            _("highest speed"),
            help_text=_("The most that a request may ask for with ?speed=."),
        ),
    )
    hold_after = models.PositiveIntegerField(
        null=True,
        blank=True,
        **ranged(
            "hold_after",
            _("hold after (chunks)"),
            help_text=_("Each run stands still there until it is released."),
        ),
    )
    allow_faults = models.BooleanField(
        _("callers may inject faults"),
        default=False,
        help_text=_(
            "With ?fault= and ?hold_after=, or the headers X-Stream-Fault and"
            " X-Stream-Hold-After: for tests. Not for a demo that strangers see."
        ),
    )
    allow_script = models.BooleanField(
        _("callers may choose the script"),
        default=False,
        help_text=_(
            "With ?script= or the header X-Stream-Script: one that its rules name, or"
            " that a stream open to everybody plays."
        ),
    )

    objects = StreamQuerySet.as_manager()

    class Meta:
        verbose_name = _("stream")
        verbose_name_plural = _("streams")
        ordering = ["title"]
        permissions = [("publish_stream", _("Can publish and unpublish streams"))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    access__in=["public", "signed-in", "api-key", "permission"]
                ),
                name="streams_stream_access_known",
            ),
            models.CheckConstraint(
                condition=models.Q(unit__in=[unit.value for unit in Unit]),
                name="streams_stream_unit_known",
            ),
            in_range("chunk_size"),
            in_range("delay_ms"),
            in_range("ttft_ms"),
            in_range("jitter_percent"),
            in_range("seed"),
            in_range("retry_ms"),
            in_range("heartbeat_s"),
            in_range("max_speed", "speed"),
            in_range("max_concurrent"),
            in_range("max_duration_s"),
            in_range("max_bytes"),
            in_range("hold_after"),
        ]

    @cached_property
    def rule_specs(self) -> tuple[matching.Rule, ...]:
        """What its enabled rules ask of a call, in order."""
        may_take_time()
        rows = self.rules.filter(enabled=True).order_by("order", "pk")
        return tuple(rule.spec for rule in rows.prefetch_related("parts"))

    @cached_property
    def armed_faults(self) -> tuple[tuple[int, bool, Fault], ...]:
        """Each fault that is enabled: its key, whether a rule has it, and itself."""
        may_take_time()
        rows = self.faults.filter(enabled=True)
        rows = rows.annotate(of_rules=models.Count("rules"))
        return tuple((row.pk, row.of_rules > 0, row.spec) for row in rows)

    def get_absolute_url(self) -> str:
        return reverse("streams:stream", args=[self.slug])

    def estimate(self) -> Estimate | None:
        """Count chunks and seconds; None where the script cannot be played."""
        try:
            planned, _said = self.plan(self.script, Call(), seed=self.seed or 0)
        except ScriptError:
            return None
        return Estimate(chunks=len(planned.steps), duration=planned.duration)
