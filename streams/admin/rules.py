"""A stream's rules, on the stream's own page."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from streams.admin.sequence import SequenceField, keep_sequence
from streams.admin.stream_part import StreamPart
from streams.models import Fault, Rule, Stream
from streams.models.rule import ordered_parts

MOVE = "_move"
"""Name of the buttons that save the page and move a rule: `12 up`, `12 down`."""


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    sequence = SequenceField(
        admin.site,
        label=gettext_lazy("Answers with"),
        help_text=gettext_lazy(
            "A script, or several that take turns. None: the stream’s own."
        ),
    )

    class Meta:
        model = Rule
        exclude = ("scripts",)  # noqa: DJ006  (the admin's fieldsets name the fields)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            parts = ordered_parts(self.instance)
            self.initial["sequence"] = [part.script_id for part in parts]
        else:
            self.initial["order"] = None
        self.fields["order"].required = False

    def clean_order(self) -> int:
        return self.cleaned_data["order"] or 0

    def _save_m2m(self) -> None:
        super()._save_m2m()  # type: ignore[misc]
        if "sequence" in self.changed_data:
            keep_sequence(self.instance, self.cleaned_data["sequence"])


class RuleInline(StreamPart):
    """Who may change the stream may change its rules; but a rule publishes a script,
    so those of a published stream are a publisher's."""

    model = Rule
    form = RuleForm
    extra = 0
    ordering = ("order", "pk")
    template = "admin/streams/stream/rules.html"
    fieldsets = (
        (None, {"fields": (("title", "order", "enabled"),)}),
        (
            gettext_lazy("Holds where"),
            {
                "fields": (
                    ("prompt_test", "prompt_text", "ignore_case"),
                    ("turns", "calls"),
                )
            },
        ),
        (
            gettext_lazy("And where: model, system prompt, header, parameter"),
            {
                "classes": ["collapse"],
                "fields": (
                    ("model_name", "system_text"),
                    ("header_name", "header_value"),
                    ("parameter_name", "parameter_value"),
                ),
            },
        ),
        (None, {"fields": ("sequence", ("counted", "then"), "fault")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Rule]":
        rules = super().get_queryset(request).select_related("fault")
        return rules.prefetch_related("parts__script")

    # Fields

    def get_formset(
        self, request: HttpRequest, obj: Stream | None = None, **kwargs: Any
    ) -> Any:
        # The admin makes an inline anew for each request.
        self._stream = obj
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "fault":
            kwargs["queryset"] = Fault.objects.filter(stream=self._stream)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "fault" and field is not None:
            # Faults are added on this page, too; there is no other.
            field.widget = getattr(field.widget, "widget", field.widget)
        return field

    @admin.display(description=gettext_lazy("answers with"))
    def sequence(self, rule: Rule) -> str:
        """Show the scripts to those who may not change them."""
        return " → ".join(str(part.script) for part in ordered_parts(rule)) or "-"

    # Permissions

    def has_add_permission(
        self, request: HttpRequest, obj: Stream | None = None
    ) -> bool:
        return super().has_add_permission(request, obj) and may_publish(request, obj)


def may_publish(request: HttpRequest, stream: Stream | None) -> bool:
    """Tell whether somebody may change what a stream says."""
    if stream is None or not stream.published:
        return True
    return request.user.has_perm("streams.publish_stream")


def put_in_order(stream: Stream, before: dict[int, int], move: str) -> Rule | None:
    """Number a stream's rules from 1, and move one if that is asked for.

    `before` has the orders before they were changed: a rule that was given the number
    of another comes before it or after it, as it comes from below or from above. One
    without a number comes last. Return the rule that was moved.
    """

    def place(rule: Rule) -> tuple[float, float, int]:
        if not rule.order:
            return (float("inf"), 0, rule.pk)
        old = before.get(rule.pk, rule.order)
        return (rule.order, (rule.order > old) - (rule.order < old), rule.pk)

    rules = sorted(stream.rules.all(), key=place)
    key, _space, way = move.partition(" ")
    moved = None
    for index, rule in enumerate(rules):
        other = index + {"up": -1, "down": 1}.get(way, 0)
        if str(rule.pk) == key and other != index and 0 <= other < len(rules):
            rules[index], rules[other] = rules[other], rule
            moved = rule
            break
    for order, rule in enumerate(rules, 1):
        if rule.order != order:
            rule.order = order
            rule.save(update_fields=["order"])
    return moved
