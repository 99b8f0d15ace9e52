"""A stream's faults, on the stream's own page."""

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from streams.admin.stream_part import StreamPart
from streams.core import faults
from streams.core.acts import ON_THE_NEXT
from streams.exceptions import ScriptError
from streams.formats.call import Call
from streams.models import Fault, Script, Stream
from streams.models.fault_kind import SOME_FIELDS, fields_of
from streams.models.script import Rendering

# Generic for the type checker only.
if TYPE_CHECKING:
    FormSet = forms.BaseInlineFormSet[Fault, Stream, "FaultForm"]
    ModelForm = forms.ModelForm[Fault]
else:
    FormSet = forms.BaseInlineFormSet
    ModelForm = forms.ModelForm


class FaultForm(ModelForm):
    class Meta:
        model = Fault
        exclude = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._was_called = self.instance.default_title if self.instance.pk else ""
        # For the page to show what belongs to the kind, and nothing else.
        taken = {str(kind): sorted(fields_of(kind)) for kind in faults.Kind}
        self.fields["kind"].widget.attrs |= {
            "data-fault-fields": json.dumps(taken),
            "data-fault-some": json.dumps(SOME_FIELDS),
        }

    def has_changed(self) -> bool:
        # No form is there unless it was asked for: a drop at once is as it comes.
        return not self.instance.pk or super().has_changed()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("title") in ("", self._was_called) and not self.errors:
            # Nobody gave it another: it is still called what it does. Here, too, since
            # the form set compares titles before there is a fault.
            names = {field.name for field in Fault._meta.fields}
            values = {name: cleaned[name] for name in names & set(cleaned)}
            cleaned["title"] = Fault(**values).default_title
        return cleaned


class FaultFormSet(FormSet):
    def clean(self) -> None:
        """Say which faults would never happen."""
        super().clean()
        longest = _longest(self.instance)
        if longest is None:
            return
        for form in self.forms:
            fault = form.instance
            left_out = self._should_delete_form(form)  # type: ignore[attr-defined]
            if left_out or form.errors or not fault.enabled:
                continue
            if never := _why_never(fault, *longest):
                form.add_error(*never)


class FaultInline(StreamPart):
    model = Fault
    form = FaultForm
    formset: Any = FaultFormSet
    extra = 0
    classes = ("faults",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("title", "enabled"),
                    "kind",
                    ("status", "retry_after_s"),
                    "message",
                    "seconds",
                    "error_type",
                    ("after_event", "at_position"),
                )
            },
        ),
        (
            gettext_lazy("When"),
            {"fields": (("calls", "chance_percent"), "always", "order")},
        ),
    )

    class Media:
        js = (forms.Script("streams/fault-form.js", type="module"),)


def faults_to_come(formset: FaultFormSet) -> list[faults.Fault]:
    """Return what the forms make go wrong with any call, saved or not; what a rule
    brings happens where that rule wins."""
    of_rules = set(
        Fault.objects.filter(
            stream=formset.instance.pk, rules__isnull=False
        ).values_list("pk", flat=True)
    )
    kept = [
        form.instance
        for form in formset.forms
        if not formset._should_delete_form(form)  # type: ignore[attr-defined]
    ]
    kept.sort(key=lambda fault: fault.order)
    return [f.spec for f in kept if f.enabled and f.pk not in of_rules]


def copy_faults(original: Stream, copy: Stream) -> dict[int, int]:
    """Give a stream the faults of another; return whose copy is which."""
    copies = {}
    for fault in Fault.objects.filter(stream=original).order_by("order", "pk"):
        key = fault.pk
        fault.pk, fault.stream = None, copy
        fault._state.adding = True
        fault.save()
        copies[key] = fault.pk
    return copies


def _longest(stream: Stream) -> tuple[int, int] | None:
    """Return the most chunks, and the last position, of all a stream may say.

    None where that depends on the caller, or cannot be told.
    """
    if not stream.script_id:
        return None
    scripts = [stream.script]
    if stream.pk:
        scripts += Script.objects.filter(rules__stream=stream).distinct()
    chunks = end = 0
    for script in scripts:
        if script.rendering == Rendering.TEMPLATE:
            return None
        try:
            planned, _said = stream.plan(script, Call(), seed=0)
        except ScriptError:
            return None
        steps = planned.steps
        chunks = max(chunks, len(steps) - len(steps.directions))
        end = max(end, steps.end)
    return chunks, end


def _why_never(fault: Fault, chunks: int, end: int) -> tuple[str, str] | None:
    """Return the field at fault, and why it never happens, if so."""
    if not faults.Kind(fault.kind).is_act:
        return None
    if fault.at_position is not None:
        if fault.at_position <= end:
            return None
        message = _(
            "Fault “%(what)s” never fires: this script ends at position %(end)d."
        )
        return "at_position", message % {"what": fault.what, "end": end}
    last = chunks - (fault.kind in ON_THE_NEXT)
    if (fault.after_event or 0) <= last:
        return None
    message = ngettext(
        "Fault “%(what)s” never fires: this script has %(n)d chunk.",
        "Fault “%(what)s” never fires: this script has %(n)d chunks.",
        chunks,
    )
    return "after_event", message % {"what": fault.what, "n": chunks}
