"""The preview beside a form: it plays what the form holds, and stores nothing."""

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from streams.admin.entry_page import find_permitted
from streams.admin.rehearsal import Rehearsal
from streams.admin.second_editor import CHANGED
from streams.exceptions import Problem, ScriptError
from streams.models import Stream

# Generic for the type checker only.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

HEADER = "X-Stream-Preview"
"""What the page says of the stream that it plays, as JSON."""

LONGEST_PROMPT = 2000

UNHEARD = {"title", "slug", "tags", "notes", "reason", "published", "access"}
"""Fields that nobody hears: a mistake there is no reason not to play."""


class Previewing(ModelAdmin):
    """A form whose values can be heard before they are saved."""

    class Media:
        js = (forms.Script("streams/preview.js", type="module"),)

    def get_urls(self) -> list[URLPattern]:
        model = self.opts.model_name
        view: Any = self.admin_site.admin_view(
            require_http_methods(["GET", "POST"])(self.preview_view)
        )
        return [
            path("preview/", view, name=f"streams_{model}_preview_new"),
            path("<path:object_id>/preview/", view, name=f"streams_{model}_preview"),
            *super().get_urls(),
        ]

    def rehearse(
        self, request: HttpRequest, entry: Any, formsets: Any, **options: Any
    ) -> Rehearsal | None:
        """Prepare an entry that is not saved, with what its forms hold; None where it
        lacks something."""
        raise NotImplementedError

    def rehearsal_choices(self, request: HttpRequest, entry: Any) -> list[Any]:
        """Return the streams whose timing an entry can be heard with."""
        return []

    def preview_context(self, request: HttpRequest, entry: Any) -> dict[str, Any]:
        """Return what the page of a form needs to play it."""
        name = f"admin:streams_{self.opts.model_name}_preview"
        url = reverse(name, args=[entry.pk]) if entry else reverse(f"{name}_new")
        return {
            "preview_url": url,
            "preview_streams": self.rehearsal_choices(request, entry),
        }

    def preview_view(
        self, request: HttpRequest, object_id: str | None = None
    ) -> HttpResponseBase:
        """Answer GET with a fresh CSRF token, for a page whose session was renewed;
        POST of the form with its stream, or with what is wrong in it."""
        entry = self._previewed(request, object_id)
        if request.method == "GET":
            return JsonResponse({"token": get_token(request)})
        fieldsets = self.get_fieldsets(request, entry)
        make = self.get_form(
            request,
            entry,
            change=entry is not None,
            fields=flatten_fieldsets(fieldsets),
        )
        form: Any = make(request.POST, request.FILES, instance=entry)
        changed = {"changed": "", "compare": ""}
        mistakes = []
        for name, errors in form.errors.as_data().items():
            if name == "__all__" and any(e.code == CHANGED for e in errors):
                conflict = form.conflict
                changed = {"changed": conflict.message, "compare": conflict.url}
                errors = [e for e in errors if e.code != CHANGED]
            if errors and name not in UNHEARD:
                mistakes.append(_mistake(form, name, errors))
        # Made from the instance that the form has filled, as when it is saved.
        formsets, _inlines = self._create_formsets(  # type: ignore[attr-defined]
            request, form.instance, change=entry is not None
        )
        rehearsal = None
        if not mistakes:
            try:
                rehearsal = self.rehearse(
                    request,
                    form.instance,
                    formsets,
                    **prompt_and_seed(request),
                )
            except (ScriptError, Problem) as error:
                mistakes = [{"id": "", "label": "", "text": str(error)}]
            except forms.ValidationError as error:
                mistakes = error.params["mistakes"]  # type: ignore[index]
        if rehearsal is None:
            # No error status: browsers note those on their consoles, at each key.
            return JsonResponse(_outdated(mistakes) | changed)
        return answer(request, rehearsal, rehearsal.facts() | changed)

    def _previewed(self, request: HttpRequest, object_id: str | None) -> Any:
        """Return what is edited, None for something new; refuse who may not edit it."""
        if object_id is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
            return None
        return find_permitted(self, request, object_id, "change")


def check_formset(formset: Any) -> None:
    """Raise ValidationError with the mistakes of an inline's forms, if it has some."""
    if formset.is_valid():
        return
    mistakes = [
        _mistake(form, name, errors)
        for form in formset.forms
        for name, errors in form.errors.as_data().items()
    ]
    for text in formset.non_form_errors():
        mistakes.append({"id": "", "label": "", "text": text})
    raise forms.ValidationError("", params={"mistakes": mistakes})


def answer(
    request: HttpRequest, rehearsal: Rehearsal, facts: dict[str, Any]
) -> HttpResponseBase:
    """Answer the page with what it says, and with the stream if it is to play."""
    if request.POST.get("_preview") != "play" or rehearsal.refused:
        return JsonResponse(facts)
    if not isinstance(request, ASGIRequest):
        silent = _("This server runs WSGI, which cannot stream: nothing plays here.")
        return JsonResponse(facts | {"note": silent})
    try:
        # JSON of ASCII characters is what a header can hold.
        return rehearsal.response(
            request.META.get("REMOTE_ADDR", ""), {HEADER: json.dumps(facts)}
        )
    except Problem as problem:
        return JsonResponse(facts | {"note": problem.message})


def _mistake(form: Any, name: str, errors: Any) -> dict[str, str]:
    text = " ".join(" ".join(error.messages) for error in errors)
    if name not in form.fields:
        return {"id": "", "label": "", "text": text}
    label = str(form.fields[name].label or "")
    return {"id": form[name].id_for_label, "label": label, "text": text}


def _outdated(mistakes: list[dict[str, str]]) -> dict[str, Any]:
    """Say why there is nothing new to hear; what was heard before may still be
    there."""
    n = len(mistakes) or 1
    before = ngettext(
        "The preview is from before your last change: fix %(n)d field.",
        "The preview is from before your last change: fix %(n)d fields.",
        n,
    )
    nothing = ngettext(
        "Nothing to hear yet: fix %(n)d field.",
        "Nothing to hear yet: fix %(n)d fields.",
        n,
    )
    return {
        "errors": mistakes,
        "outdated": before % {"n": n},
        "nothing": nothing % {"n": n},
    }


def prompt_and_seed(request: HttpRequest) -> dict[str, Any]:
    """Read what the page sends beside the form. Its seed is the same as long as
    somebody types: figures change with what is typed, and with nothing else."""
    seed = request.POST.get("_seed", "")
    return {
        "prompt": request.POST.get("_prompt", "")[:LONGEST_PROMPT],
        "seed": int(seed[:10]) if seed.isascii() and seed.isdigit() else 0,
    }


def timing_of(chosen: str, offered: list[Stream]) -> Stream:
    """Return the stream that was chosen to be heard with; one as they come if none."""
    found = (stream for stream in offered if str(stream.pk) == chosen)
    return next(found, None) or Stream()
