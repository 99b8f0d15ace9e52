"""Rules: which script answers which call to a stream."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from streams.core import matching
from streams.core.conditions import Condition, TextTest, Unreadable
from streams.core.faults import OVERRIDE
from streams.models.conditions import Conditions
from streams.models.fault import Fault
from streams.models.script import Script
from streams.models.stream import Stream

DEFAULT = "default"
"""What names the stream's own script where no rule won."""

RESUMED = "resumed"
"""What names the script of a stream that goes on: no rule is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a rule that won says."""

    rule: int
    """Primary key."""
    scripts: tuple[int, ...]
    """Primary keys, in order; empty for the stream's own script."""
    by_turn: bool
    start_over: bool
    fault: int | None
    """Primary key."""


class Rule(Conditions):
    """One rule of a stream. `spec` is what the core knows of it."""

    class Counted(models.TextChoices):
        CALLS = "calls", gettext_lazy("calls of the session that it answered")
        TURNS = "turns", gettext_lazy("turns of the conversation")

    class Then(models.TextChoices):
        REPEAT_LAST = "repeat-last", gettext_lazy("repeat the last")
        START_OVER = "start-over", gettext_lazy("start over")

    stream = models.ForeignKey(
        Stream,
        models.CASCADE,
        related_name="rules",
        verbose_name=gettext_lazy("stream"),
    )
    order = models.PositiveIntegerField(
        gettext_lazy("order"),
        default=0,
        help_text=gettext_lazy("Blank: the last."),
    )
    title = models.CharField(
        gettext_lazy("title"),
        max_length=100,
        help_text=gettext_lazy("How the header X-Stream-Rule and the journal call it."),
    )
    enabled = models.BooleanField(gettext_lazy("enabled"), default=True)

    scripts: Any = models.ManyToManyField(
        Script,
        through="RuleScript",
        related_name="rules",
        verbose_name=gettext_lazy("scripts"),
    )
    counted = models.CharField(
        gettext_lazy("several take turns by"),
        max_length=16,
        choices=Counted,
        default=Counted.CALLS,
    )
    then = models.CharField(
        gettext_lazy("after the last"),
        max_length=16,
        choices=Then,
        default=Then.REPEAT_LAST,
    )
    fault = models.ForeignKey(
        Fault,
        # A rule that fails on purpose must not begin to answer by itself.
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="rules",
        verbose_name=gettext_lazy("fault"),
        help_text=gettext_lazy("One of this stream’s: it happens where the rule wins."),
    )

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        verbose_name = gettext_lazy("rule")
        verbose_name_plural = gettext_lazy("rules")
        ordering = ["stream", "order", "pk"]
        # Who may change a stream may change its rules.
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "title"],
                name="streams_rule_title_once",
                violation_error_message=gettext_lazy(
                    "This stream has a rule of that title already: give it another."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(prompt_test__in=[test.value for test in TextTest]),
                name="streams_rule_prompt_test_known",
            ),
            models.CheckConstraint(
                condition=models.Q(counted__in=["calls", "turns"]),
                name="streams_rule_counted_known",
            ),
            models.CheckConstraint(
                condition=models.Q(then__in=["repeat-last", "start-over"]),
                name="streams_rule_then_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.title)

    def clean(self) -> None:
        """Say what cannot be read, and what would never hold."""
        errors = self.condition_errors()
        if self.title.casefold() in (DEFAULT, RESUMED, OVERRIDE):
            errors["title"] = _(
                "“%(title)s” says that no rule won: give it another."
            ) % {"title": self.title}
        if self.fault and self.fault.stream_id != self.stream_id:
            errors["fault"] = _(
                "This is a fault of another stream: choose one of its own."
            )
        if errors:
            raise ValidationError(errors)

    @property
    def spec(self) -> matching.Rule:
        """What the core asks of a call."""
        outcome = Outcome(
            rule=self.pk,
            scripts=tuple(part.script_id for part in ordered_parts(self)),
            by_turn=self.counted == self.Counted.TURNS,
            start_over=self.then == self.Then.START_OVER,
            fault=self.fault_id,
        )
        conditions: tuple[Condition, ...]
        try:
            conditions = self.asked
        except ValueError as error:
            # Saved past clean(): it holds never, and `explain` says why.
            conditions = (Unreadable(str(error)),)
        return matching.Rule(title=self.title, conditions=conditions, outcome=outcome)


class RuleScript(models.Model):
    """One script of a rule, in its place."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="parts")
    order = models.PositiveIntegerField(gettext_lazy("order"), default=0)
    script = models.ForeignKey(
        Script,
        models.PROTECT,
        related_name="rule_parts",
        verbose_name=gettext_lazy("script"),
    )

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        verbose_name = gettext_lazy("script of a rule")
        verbose_name_plural = gettext_lazy("scripts of rules")
        ordering = ["rule", "order", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.order} {self.script}"


def ordered_parts(rule: Rule) -> list[RuleScript]:
    """Return a rule's scripts in order, from the prefetched ones if it has them."""
    return sorted(rule.parts.all(), key=lambda part: (part.order, part.pk))
