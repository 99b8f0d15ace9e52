"""The form that scripts are written in: directions at hand, and its errors in place."""

from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from streams.core.emitting import newly_emitting
from streams.core.script import Direction
from streams.core.vocabulary import DIRECTIONS
from streams.models import Script

EMIT_PERMISSION = "streams.emit_bytes"


class ScriptBody(forms.Textarea):
    """A text with the directions beside it, each with its help, ready to be put in."""

    template_name = "admin/streams/widgets/script_body.html"

    class Media:
        js = ["streams/script-form.js"]

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["groups"] = [
            (
                _(group.value),
                [{"kind": kind, "help": _(kind.help)} for kind in kinds],
            )
            for group, kinds in groupby(DIRECTIONS, key=lambda kind: kind.group)
        ]
        return context


class ScriptForm(forms.ModelForm):  # type: ignore[type-arg]
    editor: Any = None
    """Who fills the form in, if it is known; what they may is asked of them."""

    # Not stripped: a script may begin with spaces and end with a line end.
    body = forms.CharField(
        label=gettext_lazy("Body"),
        required=False,
        strip=False,
        widget=ScriptBody(attrs={"rows": 22, "class": "script-body"}),
        help_text=Script._meta.get_field("body").help_text,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason for this change"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("Kept with the revision, for the other editors."),
    )

    class Meta:
        model = Script
        fields = ("title", "slug", "body", "rendering", "tags", "notes")

    def full_clean(self) -> None:
        """Mark the line of the body that an error names."""
        super().full_clean()
        if "body" in self.fields:
            for error in self.errors.as_data().get("body", []):
                if line := (error.params or {}).get("line"):
                    self.fields["body"].widget.attrs["data-error-line"] = line

    def clean_body(self) -> str:
        body: str = self.cleaned_data["body"]
        may = self.editor is None or self.editor.has_perm(EMIT_PERMISSION)
        before = self.initial.get("body") or ""
        if not may and (new := newly_emitting(before, body)):
            raise ValidationError(emit_refusal(new), params={"line": new.line})
        return body


def emit_refusal(direction: Direction) -> str:
    """Say why a script is not saved, and what to do."""
    message = _(
        "Line %(line)d: `emit` sends bytes as they are, and you lack the permission"
        " for it (%(permission)s). Ask for it, or take the direction out."
    )
    return message % {"line": direction.line, "permission": EMIT_PERMISSION}
