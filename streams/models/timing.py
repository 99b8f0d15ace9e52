"""How fast a script is said, and in what pieces."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from streams.core.cache import WeightedCache
from streams.core.chunks import Unit
from streams.core.extent import Extent, extent
from streams.core.hurry import may_take_time
from streams.core.pacing import Pacing
from streams.core.plan import Plan, plan
from streams.core.steps import Steps, lay_out
from streams.formats.call import Call
from streams.models.ranges import ranged
from streams.models.script import Content, Rendering
from streams.tokens import get_tokenizer

_steps: WeightedCache[Steps] = WeightedCache(
    40_000_000, lambda steps: steps.weight, shared=True
)

_plans: WeightedCache[tuple[Plan, Extent]] = WeightedCache(
    20_000_000, lambda planned: 500 + 8 * len(planned[0].due)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a stream will be like, for list pages."""

    chunks: int
    duration: float
    """Seconds; with jitter, those of one seed."""


class Timing(models.Model):
    """The settings of pace and pieces, and the plans that follow from them."""

    class Units(models.TextChoices):
        GRAPHEME = Unit.GRAPHEME.value, _("Characters (grapheme clusters)")
        WORD = Unit.WORD.value, _("Words")
        SENTENCE = Unit.SENTENCE.value, _("Sentences")
        LINE = Unit.LINE.value, _("Lines")
        FIXED = Unit.FIXED.value, _("Fixed size, in code points")

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

    class Meta:
        abstract = True

    def settings(self, overrides: dict[str, Any]) -> dict[str, Any]:
        """Return all that decides pace and pieces, a request's overrides included.

        As overrides, they plan the same again whatever becomes of the stream.
        """
        names = ("unit", "chunk_size", "delay_ms", "ttft_ms", "jitter_percent")
        return {name: getattr(self, name) for name in names} | overrides

    def plan(
        self,
        content: Content,
        call: Call,
        *,
        seed: int,
        overrides: dict[str, Any] | None = None,
    ) -> tuple[Plan, Extent]:
        """Plan `content` with this stream's settings and a request's overrides.

        Return the plan, and how much of the content it says.
        """
        chosen = overrides or {}
        unit = Unit(chosen.get("unit", self.unit))
        size = int(chosen.get("chunk_size", self.chunk_size))
        pacing = Pacing(
            delay=chosen.get("delay_ms", self.delay_ms) / 1000,
            ttft=chosen.get("ttft_ms", self.ttft_ms) / 1000,
            jitter=chosen.get("jitter_percent", self.jitter_percent) / 100,
            speed=chosen.get("speed", 1.0),
        )

        def cut() -> Steps:
            return lay_out(content.compile(call), unit, size)

        def planned(steps: Steps) -> tuple[Plan, Extent]:
            said = extent(
                steps,
                round=call.round,
                stop=call.stop,
                max_tokens=call.max_tokens,
                fit=lambda text, most: get_tokenizer().fit(text, most),
            )
            return plan(said.steps, pacing, seed=seed), said

        if content.rendering == Rendering.TEMPLATE:
            may_take_time()
            return planned(cut())
        layout = (content.content_digest(), unit, size)

        def planned_once() -> tuple[Plan, Extent]:
            return planned(_steps.get(layout, cut))

        if pacing.jitter and seed != self.seed:
            # Nobody else has this seed.
            may_take_time()
            return planned_once()
        tokenizer = "" if call.max_tokens is None else get_tokenizer().name
        limits = (call.round, call.stop, call.max_tokens, tokenizer)
        key = (layout, pacing, pacing.jitter and seed, limits)
        return _plans.get(key, planned_once)
