"""Several scripts in order, as a form has them: one select each, and some to spare."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.widgets import AutocompleteSelect

from streams.models import RuleScript, Script

# Generic for the type checker only.
if TYPE_CHECKING:
    ModelMultipleChoiceField = forms.ModelMultipleChoiceField[Script]
else:
    ModelMultipleChoiceField = forms.ModelMultipleChoiceField

TO_SPARE = 2
"""Empty selects after those in use."""


class SequenceWidget(forms.Widget):
    """Selects of one name: their order in the page is the order of the scripts."""

    template_name = "admin/streams/stream/sequence.html"

    def __init__(self, site: AdminSite) -> None:
        super().__init__()
        self.one = AutocompleteSelect(RuleScript._meta.get_field("script"), site)
        self.one.is_required = False

    @property
    def media(self) -> forms.Media:
        return self.one.media

    # A ModelMultipleChoiceField gives its widget the choices.
    @property
    def choices(self) -> Any:
        return self.one.choices

    @choices.setter
    def choices(self, choices: Any) -> None:
        self.one.choices = choices

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        attrs = context["widget"]["attrs"]
        selects = []
        for index, chosen in enumerate([*(value or []), *[None] * TO_SPARE]):
            own = dict(attrs)
            # The label is for the first.
            if "id" in own and index:
                own["id"] = f"{own['id']}_{index}"
            selects.append(self.one.get_context(name, chosen, own)["widget"])
        context["widget"]["selects"] = selects
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [value for value in data.getlist(name) if value]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False


class SequenceField(ModelMultipleChoiceField):
    """Scripts in order. One may come again."""

    def __init__(self, site: AdminSite, **options: Any) -> None:
        super().__init__(
            Script.objects.only("pk", "slug", "title"),
            required=False,
            widget=SequenceWidget(site),
            **options,
        )

    def clean(self, value: Any) -> Any:
        found = {str(script.pk): script for script in super().clean(value)}
        return [found[key] for key in map(str, value or [])]

    def prepare_value(self, value: Any) -> Any:
        return [str(key) for key in value or []]

    def has_changed(self, initial: Any, data: Any) -> bool:
        def keys(values: Iterable[Any] | None) -> list[str]:
            return [str(value) for value in values or []]

        return keys(initial) != keys(data)


def keep_sequence(rule: Any, scripts: Iterable[Script]) -> None:
    """Make scripts those of a rule, in their order."""
    rule.parts.all().delete()
    for order, script in enumerate(scripts, 1):
        RuleScript.objects.create(rule=rule, order=order, script=script)


def copy_rules(original: Any, copy: Any, faults: Mapping[int, int]) -> None:
    """Give a stream the rules of another. `faults` says which fault is whose copy."""
    for rule in original.rules.order_by("order", "pk"):
        scripts = [part.script for part in rule.parts.select_related("script")]
        rule.pk = None
        rule._state.adding = True
        rule.stream = copy
        rule.fault_id = faults.get(rule.fault_id)
        rule.save()
        keep_sequence(rule, scripts)
