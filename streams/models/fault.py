"""Faults as settings: what goes wrong in a stream on purpose, where, and how often."""

from dataclasses import replace
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from streams.core import faults
from streams.core.acts import ERROR_KINDS
from streams.core.ordinals import Ordinals
from streams.models.fault_kind import SOME_FIELDS, FaultKind, fields_of
from streams.models.ranges import ranged
from streams.models.stream import Stream


class Fault(models.Model):
    """One fault of a stream. `spec` is what the core knows of it."""

    Kind = FaultKind

    stream = models.ForeignKey(
        Stream,
        models.CASCADE,
        related_name="faults",
        verbose_name=gettext_lazy("stream"),
    )
    order = models.PositiveIntegerField(
        gettext_lazy("order"),
        default=0,
        help_text=gettext_lazy("Of two HTTP statuses, the first wins."),
    )
    title = models.CharField(
        gettext_lazy("title"),
        max_length=100,
        blank=True,
        help_text=gettext_lazy(
            "How headers and journal call it. Blank: what it does. With the seed it"
            " decides which calls are hit by chance."
        ),
    )
    enabled = models.BooleanField(gettext_lazy("enabled"), default=True)
    kind = models.CharField(
        gettext_lazy("kind"), max_length=16, choices=FaultKind, default=FaultKind.DROP
    )
    after_event = models.PositiveIntegerField(
        null=True,
        blank=True,
        **ranged(
            "fault_place",
            gettext_lazy("after event"),
            help_text=gettext_lazy(
                "After so many chunks of the connection; 0 or blank: before the first."
            ),
        ),
    )
    at_position = models.PositiveIntegerField(
        null=True,
        blank=True,
        **ranged(
            "fault_place",
            gettext_lazy("or at position"),
            help_text=gettext_lazy(
                "Where the script has come so far, in code points, as in event ids."
            ),
        ),
    )
    seconds = models.FloatField(
        null=True,
        blank=True,
        **ranged(
            "fault_seconds",
            gettext_lazy("seconds"),
            help_text=gettext_lazy("Of a stall or a slow start; speed divides them."),
        ),
    )
    status = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        **ranged(
            "fault_status",
            gettext_lazy("HTTP status"),
            help_text=gettext_lazy(
                "Such as 429, 500, 503, or Anthropic’s 529 for “overloaded”."
            ),
        ),
    )
    retry_after_s = models.PositiveIntegerField(
        null=True,
        blank=True,
        **ranged(
            "retry_after_s",
            gettext_lazy("Retry-After (s)"),
            help_text=gettext_lazy("When clients may ask again. Blank: not said."),
        ),
    )
    message = models.CharField(
        gettext_lazy("message"),
        max_length=300,
        blank=True,
        help_text=gettext_lazy(
            "What the status is answered with. Blank: that it is on purpose."
        ),
    )
    error_type = models.CharField(
        gettext_lazy("error type"),
        max_length=20,
        blank=True,
        choices=[(name, name) for name in ERROR_KINDS],
        help_text=gettext_lazy("Each format has its own words for it."),
    )
    always = models.BooleanField(
        gettext_lazy("on resumed connections, too"),
        default=False,
        help_text=gettext_lazy(
            "Otherwise a client that goes on where it was cut off is left in peace."
        ),
    )
    calls = models.CharField(
        gettext_lazy("on calls"),
        max_length=100,
        blank=True,
        help_text=gettext_lazy(
            "Counted in each session: 1, 1-2, 4- or every 3. Blank: on each."
        ),
    )
    chance_percent = models.FloatField(
        default=100,
        **ranged(
            "fault_chance",
            gettext_lazy("chance (%)"),
            help_text=gettext_lazy("Decided by the seed: the same one, the same fate."),
        ),
    )

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        verbose_name = gettext_lazy("fault")
        verbose_name_plural = gettext_lazy("faults")
        ordering = ["stream", "order", "pk"]
        # Who may change a stream may change its faults.
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "title"],
                name="streams_fault_title_once",
                violation_error_message=gettext_lazy(
                    "This stream has a fault of that title already: give it another."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in faults.Kind]),
                name="streams_fault_kind_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="status") | models.Q(status__range=(400, 599)),
                name="streams_fault_status_in_range",
            ),
            models.CheckConstraint(
                condition=models.Q(chance_percent__gte=0, chance_percent__lte=100),
                name="streams_fault_chance_in_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.title)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.title = self.title or self.default_title
        super().save(*args, **kwargs)

    def clean_fields(self, exclude: Any = None) -> None:
        if not self.title and self.kind in self.Kind.values:
            # Before it is looked at whether another has the same.
            self.title = self.default_title
        super().clean_fields(exclude)

    def clean(self) -> None:
        """Say what the kind wants, and what says nothing to it."""
        errors: dict[str, str] = {}
        if self.title.casefold() == faults.OVERRIDE:
            errors["title"] = _(
                "That names the faults that requests ask for: give it another."
            )
        if self.kind not in self.Kind.values:
            return
        kind = faults.Kind(self.kind)
        taken = fields_of(kind)
        for name in ("status", "seconds"):
            if name in taken and not getattr(self, name):
                errors[name] = _("This kind of fault needs it.")
        for name in SOME_FIELDS:
            if name not in taken and getattr(self, name) not in (None, ""):
                errors[name] = _("“%(kind)s” takes none: leave it blank.") % {
                    "kind": self.Kind(self.kind).label
                }
        if self.after_event is not None and self.at_position is not None:
            errors["at_position"] = _("Give one place: this, or after an event.")
        try:
            Ordinals.parse(self.calls or "1")
        except ValueError as error:
            errors["calls"] = f"{error}."
        if errors:
            raise ValidationError(errors)

    @property
    def spec(self) -> faults.Fault:
        """What the core plays of it."""
        return replace(
            self._what,
            calls=Ordinals.parse(self.calls) if self.calls else None,
            chance=self.chance_percent,
        )

    @property
    def what(self) -> str:
        """Say what goes wrong, and where: `drop after event 3`."""
        return self._what.what

    @property
    def default_title(self) -> str:
        return self.what[:100]

    @property
    def _what(self) -> faults.Fault:
        """The same on each call."""
        return faults.Fault(
            kind=faults.Kind(self.kind),
            title=self.title,
            event=self.after_event or 0,
            position=self.at_position,
            seconds=self.seconds or 0.0,
            status=self.status or 500,
            retry_after=self.retry_after_s,
            message=self.message,
            error=self.error_type,
            always=self.always,
        )
