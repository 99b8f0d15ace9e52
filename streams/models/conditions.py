"""What a rule asks of a call, as its columns have it."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from streams.core import conditions
from streams.core.conditions import TextTest
from streams.core.ordinals import Ordinals
from streams.core.patterns import compile_pattern


class Conditions(models.Model):
    """Conditions, all of which have to hold. What is blank asks nothing."""

    class PromptTest(models.TextChoices):
        CONTAINS = TextTest.CONTAINS.value, gettext_lazy("contains")
        EQUALS = TextTest.EQUALS.value, gettext_lazy("equals")
        REGEX = TextTest.REGEX.value, gettext_lazy("matches the regex")

    prompt_test = models.CharField(
        gettext_lazy("prompt"),
        max_length=16,
        choices=PromptTest,
        default=PromptTest.CONTAINS,
    )
    prompt_text = models.CharField(
        gettext_lazy("text"),
        max_length=500,
        blank=True,
        help_text=gettext_lazy("Blank: any prompt."),
    )
    ignore_case = models.BooleanField(gettext_lazy("ignore case"), default=True)
    turns = models.CharField(
        gettext_lazy("turn"),
        max_length=100,
        blank=True,
        help_text=gettext_lazy(
            "Counts what the user said in the conversation: 1, 2-3, 4- or every 2."
        ),
    )
    system_text = models.CharField(
        gettext_lazy("system prompt contains"), max_length=500, blank=True
    )
    model_name = models.CharField(
        gettext_lazy("model is"),
        max_length=200,
        blank=True,
        help_text=gettext_lazy("As the caller names it."),
    )
    header_name = models.CharField(gettext_lazy("header"), max_length=100, blank=True)
    header_value = models.CharField(
        gettext_lazy("value"),
        max_length=500,
        blank=True,
        help_text=gettext_lazy("Blank: any."),
    )
    parameter_name = models.CharField(
        gettext_lazy("parameter"), max_length=100, blank=True
    )
    parameter_value = models.CharField(
        gettext_lazy("value"),
        max_length=500,
        blank=True,
        help_text=gettext_lazy("Blank: any."),
    )
    calls = models.CharField(
        gettext_lazy("call of the session"),
        max_length=100,
        blank=True,
        help_text=gettext_lazy(
            "Counted for each X-Stream-Session: 1, 1-2, 4- or every 3."
        ),
    )

    class Meta:
        abstract = True

    def condition_errors(self) -> dict[str, str]:
        """Say what cannot be read, and what would never hold, by the field's name."""
        errors: dict[str, str] = {}
        if self.prompt_text and self.prompt_test == TextTest.REGEX:
            try:
                compile_pattern(self.prompt_text, ignore_case=self.ignore_case)
            except ValueError as error:
                message = _("This is no regex: %(error)s.") % {"error": error}
                errors["prompt_text"] = message
        for name in ("turns", "calls"):
            try:
                Ordinals.parse(getattr(self, name) or "1")
            except ValueError as error:
                errors[name] = f"{error}."
        for name in ("header", "parameter"):
            if getattr(self, f"{name}_value") and not getattr(self, f"{name}_name"):
                errors[f"{name}_name"] = _("Name what is to have this value.")
        return errors

    @property
    def asked(self) -> tuple[conditions.Condition, ...]:
        """Return its conditions, those first that cost least to look at."""
        found: list[conditions.Condition] = []
        if self.turns:
            found.append(conditions.TurnIs(Ordinals.parse(self.turns), self.turns))
        if self.calls:
            found.append(conditions.CallIs(Ordinals.parse(self.calls), self.calls))
        if self.model_name:
            found.append(conditions.ModelIs(self.model_name))
        if self.header_name:
            found.append(conditions.HeaderIs(self.header_name, self.header_value))
        if self.parameter_name:
            found.append(
                conditions.ParameterIs(self.parameter_name, self.parameter_value)
            )
        if self.system_text:
            found.append(conditions.SystemContains(self.system_text))
        if self.prompt_text:
            test = TextTest(self.prompt_test)
            found.append(conditions.PromptIs(test, self.prompt_text, self.ignore_case))
        return tuple(found)
