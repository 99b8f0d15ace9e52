"""The page that says which script answers a call to a stream, and why."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from streams.admin.base import ModelAdmin
from streams.admin.entry_page import entry_page
from streams.exceptions import Problem
from streams.models import Stream
from streams.preparing.explaining import Explanation, State, explain, imagined_call

STATES = {
    State.WON: gettext_lazy("Won"),
    State.FAILED: gettext_lazy("Does not hold"),
    State.NOT_ASKED: gettext_lazy("Not asked: one above it won"),
    State.DISABLED: gettext_lazy("Disabled"),
}


class PairsField(forms.CharField):
    """Lines of `name=value`, as a dict."""

    widget = AdminTextareaWidget(attrs={"rows": 2, "placeholder": "name=value"})

    def to_python(self, value: Any) -> Any:
        pairs = {}
        for line in (super().to_python(value) or "").splitlines():
            name, sign, text = line.partition("=")
            if line.strip() and not (sign and name.strip()):
                message = _("“%(line)s” has no value: write name=value.")
                raise forms.ValidationError(message, params={"line": line[:80]})
            if line.strip():
                pairs[name.strip()] = text.strip()
        return pairs


class CallForm(forms.Form):
    """A call that somebody imagines."""

    prompt = forms.CharField(
        label=gettext_lazy("Prompt"),
        required=False,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
    )
    turn = forms.IntegerField(
        label=gettext_lazy("Turn of the conversation"),
        initial=1,
        min_value=1,
        max_value=1000,
    )
    call = forms.IntegerField(
        label=gettext_lazy("Call of the session"),
        required=False,
        min_value=1,
        max_value=1000,
        help_text=gettext_lazy("Blank: the next one."),
    )
    session = forms.CharField(
        label=gettext_lazy("Session"),
        required=False,
        max_length=200,
        widget=AdminTextInputWidget,
    )
    model = forms.CharField(
        label=gettext_lazy("Model"), required=False, widget=AdminTextInputWidget
    )
    system = forms.CharField(
        label=gettext_lazy("System prompt"),
        required=False,
        widget=AdminTextareaWidget(attrs={"rows": 2}),
    )
    headers = PairsField(label=gettext_lazy("Headers"), required=False)
    params = PairsField(label=gettext_lazy("Parameters"), required=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One rule, as the page says it."""

    title: str
    state: State
    said: str


def explain_view(
    admin: ModelAdmin, request: HttpRequest, stream: Stream
) -> HttpResponse:
    """Ask for a call, and say what it would get. Nothing is counted or kept."""
    form = CallForm(request.POST if request.method == "POST" else None)
    explanation, problem = None, ""
    if form.is_bound and form.is_valid():
        asked = dict(form.cleaned_data)
        number = asked.pop("call")
        try:
            explanation = explain(stream, imagined_call(**asked), number)
        except Problem as error:
            problem = str(error)
    context = {
        "form": form,
        "problem": problem,
        "explanation": explanation,
        "rows": _rows(explanation) if explanation else [],
        "fault": _fault(explanation) if explanation else None,
    }
    title = _("Which script answers?")
    return entry_page(admin, request, stream, "explain", title, context)


def _rows(explanation: Explanation) -> list[Row]:
    rows = []
    for one in explanation.rules:
        said = str(STATES[one.state])
        if one.reason is not None:
            # The sentences are marked for translation where they are written.
            said = _(one.reason.sentence) % one.reason.values
        rows.append(Row(one.rule.title, one.state, said))
    return rows


def _fault(explanation: Explanation) -> Any:
    won = (one.rule for one in explanation.rules if one.state == State.WON)
    return next((rule.fault for rule in won), None)
