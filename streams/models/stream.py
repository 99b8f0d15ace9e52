"""How it is said, and to whom: what is published at a slug."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from streams.core.cache import WeightedCache
from streams.core.chunks import Unit
from streams.core.pacing import Pacing
from streams.core.plan import Plan, Steps, lay_out, plan
from streams.exceptions import ScriptError
from streams.formats.base import Call
from streams.models.entry import Entry, User
from streams.models.ranges import in_range, ranged
from streams.models.script import Content, Rendering, Script

# A step costs some eight bytes, a character of text one to four, a pause a hundred.
_steps: WeightedCache[Steps] = WeightedCache(
    4_000_000,
    lambda s: 50 * (1 + len(s.pauses)) + len(s) + len(s.text),
    shared=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a stream will be like, for list pages."""

    chunks: int
    duration: float
    """Seconds; with jitter, those of one seed."""


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
            return self.published().exclude(access=Stream.Access.PERMISSION)
        return self.listed()


class Stream(Entry):
    """A script, published with its timing at a slug."""

    class Access(models.TextChoices):
        PUBLIC = "public", _("Everybody")
        SIGNED_IN = "signed-in", _("Whoever is signed in")
        PERMISSION = "permission", _("Users with the permission to view streams")

    class Units(models.TextChoices):
        GRAPHEME = Unit.GRAPHEME.value, _("Characters (grapheme clusters)")
        WORD = Unit.WORD.value, _("Words")
        SENTENCE = Unit.SENTENCE.value, _("Sentences")
        LINE = Unit.LINE.value, _("Lines")
        FIXED = Unit.FIXED.value, _("Fixed size, in code points")

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

    unit = models.CharField(
        _("unit"),
        max_length=16,
        choices=Units,
        default=Units.GRAPHEME,
        help_text=_(
            "What is sent at once is counted in these. Words suit languages that put"
            " spaces between them; characters suit Chinese and Japanese."
        ),
    )
    chunk_size = models.PositiveIntegerField(
        default=1,
        **ranged("chunk_size", _("chunk size"), help_text=_("Units sent at once.")),
    )
    delay_ms = models.PositiveIntegerField(
        default=30,
        **ranged(
            "delay_ms",
            _("delay (ms)"),
            help_text=_("From one chunk to the next. 0 sends everything at once."),
        ),
    )
    ttft_ms = models.PositiveIntegerField(
        default=0,
        **ranged(
            "ttft_ms",
            _("time to first token (ms)"),
            help_text=_("How long the stream “thinks” before its first chunk."),
        ),
    )
    jitter_percent = models.PositiveSmallIntegerField(
        default=0,
        **ranged(
            "jitter_percent",
            _("jitter (%)"),
            help_text=_("How far each delay may stray, either way. 0 to 100."),
        ),
    )
    seed = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        **ranged(
            "seed",
            _("seed"),
            help_text=_(
                "The same seed gives the same jitter every time. Blank: a new one for"
                " each run, told in the header X-Stream-Seed."
            ),
        ),
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
    max_speed = models.FloatField(
        default=10,
        **ranged(
            "speed",
            _("highest speed"),
            help_text=_("The most that a request may ask for with ?speed=."),
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
                condition=models.Q(access__in=["public", "signed-in", "permission"]),
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
        ]

    def get_absolute_url(self) -> str:
        return reverse("streams:stream", args=[self.slug])

    def plan(
        self,
        content: Content,
        call: Call,
        *,
        seed: int,
        overrides: dict[str, Any] | None = None,
    ) -> Plan:
        """Plan `content` with this stream's settings and a request's overrides."""
        chosen = overrides or {}
        unit = Unit(chosen.get("unit", self.unit))
        size = int(chosen.get("chunk_size", self.chunk_size))
        pacing = Pacing(
            delay=chosen.get("delay_ms", self.delay_ms) / 1000,
            ttft=chosen.get("ttft_ms", self.ttft_ms) / 1000,
            jitter=self.jitter_percent / 100,
            speed=chosen.get("speed", 1.0),
        )

        def cut() -> Steps:
            return lay_out(content.compile(call), unit, size)

        if content.rendering == Rendering.TEMPLATE:
            steps = cut()
        else:
            steps = _steps.get((content.content_digest(), unit, size), cut)
        return plan(steps, pacing, seed=seed)

    def estimate(self) -> Estimate | None:
        """Count chunks and seconds; None where the script cannot be played."""
        try:
            planned = self.plan(self.script, Call(), seed=self.seed or 0)
        except ScriptError:
            return None
        return Estimate(chunks=len(planned.steps), duration=planned.duration)
