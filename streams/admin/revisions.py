"""A script's revisions: to read, to compare, to hear, and to go back to."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.db.models.functions import Length
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from streams.admin.base import EntryAdmin
from streams.admin.differences import difference
from streams.admin.entry_page import entry_page, find_permitted
from streams.admin.preview import answer, prompt_and_seed, timing_of
from streams.admin.rehearsal import Rehearsal
from streams.admin.script_form import EMIT_PERMISSION, emit_refusal
from streams.core.emitting import newly_emitting
from streams.exceptions import Problem, ScriptError
from streams.models import Revision, Script


class Revisions(EntryAdmin):
    """Scripts, with the way back to every earlier state."""

    def revisions_url(self, entry: Script) -> str:
        return reverse("admin:streams_script_revisions", args=[entry.pk])

    def get_urls(self) -> list[URLPattern]:
        def url(route: str, view: Any, name: str) -> URLPattern:
            wrapped: Any = self.admin_site.admin_view(view)
            route = f"<path:object_id>/revisions/{route}"
            pattern: URLPattern = path(route, wrapped, name=f"streams_script_{name}")
            return pattern

        preview = require_http_methods(["GET", "POST"])(self.revision_preview_view)
        return [
            url("", require_safe(self.revisions_view), "revisions"),
            url("<int:number>/", require_safe(self.revision_view), "revision"),
            url("<int:number>/preview/", preview, "revision_preview"),
            url("<int:number>/restore/", require_POST(self.restore_view), "restore"),
            url("<int:number>/undo/", require_POST(self.undo_view), "undo"),
            *super().get_urls(),
        ]

    # Looking

    def revisions_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """List every state the script was in, the last first."""
        script: Script = find_permitted(self, request, object_id)
        revisions = script.revisions.select_related("author").defer("body")
        revisions = revisions.annotate(length=Length("body"))
        context = {"revisions": revisions, "current": revisions.first()}
        title = _("Revisions")
        return entry_page(self, request, script, "revisions", title, context)

    def revision_view(
        self, request: HttpRequest, object_id: str, number: int
    ) -> HttpResponse:
        """Show a revision beside another: the one before, or `?against=` a number."""
        script: Script = find_permitted(self, request, object_id)
        revision = self._revision_or_404(script, number)
        against = request.GET.get("against", "")
        if against.isascii() and against.isdigit():
            other = self._revision_or_404(script, int(against[:9]))
        else:
            other = _before(script, number) or Revision()
        current = script.revisions.first()
        restorable = []
        if self.has_change_permission(request, script):
            shown = (other, revision)
            restorable = [r.number for r in shown if r.number and r != current]
        context = {
            "revision": revision,
            "other": other,
            "lines": difference(other.body, revision.body),
            "restorable": restorable,
            "preview_url": _url("revision_preview", script, number),
            "preview_streams": self.rehearsal_choices(request, script),
        }
        title = _("Revision %(number)d") % {"number": number}
        return entry_page(self, request, script, "revision", title, context)

    def revision_preview_view(
        self, request: HttpRequest, object_id: str, number: int
    ) -> HttpResponseBase:
        """Play a revision as the preview of a form plays what is in the form."""
        script: Script = find_permitted(self, request, object_id)
        revision = self._revision_or_404(script, number)
        if request.method == "GET":
            return JsonResponse({"token": get_token(request)})
        offered = self.rehearsal_choices(request, script)
        stream = timing_of(request.POST.get("_stream", ""), offered)
        try:
            rehearsal = Rehearsal.of(stream, revision, **prompt_and_seed(request))
        except (ScriptError, Problem) as error:
            # What could be played once; the language of scripts has changed since.
            facts = {"line": "", "note": str(error), "template": False, "cut": ""}
            return JsonResponse(facts | {"changed": "", "compare": ""})
        return answer(request, rehearsal, rehearsal.facts())

    # Going back

    def restore_view(
        self, request: HttpRequest, object_id: str, number: int
    ) -> HttpResponse:
        """Make a revision's content the script's, as a new revision."""
        script: Script = find_permitted(self, request, object_id, "change")
        revision = self._revision_or_404(script, number)
        reason = _("Restored revision %(number)d") % {"number": number}
        new = self._bring_back(request, script, revision, reason)
        if new is None:
            return redirect(_url("revision", script, number))
        said = _("Revision %(old)d is restored, as revision %(new)d.")
        self._offer_undo(request, new, said % {"old": number, "new": new.number})
        return redirect("admin:streams_script_change", script.pk)

    def undo_view(
        self, request: HttpRequest, object_id: str, number: int
    ) -> HttpResponse:
        """Take back a revision, if it is still the last: what was before comes again,
        as a new one."""
        script: Script = find_permitted(self, request, object_id, "change")
        revision = self._revision_or_404(script, number)
        current, before = script.revisions.first(), _before(script, number)
        if before is None:
            raise Http404(_("There is no revision before the first."))
        if current and current != revision:
            said = _(
                "Nothing is undone: since revision %(old)d, revision %(new)d was saved."
            )
            compare = f"{_url('revision', script, current.number)}?against={number}"
            message = format_html(
                '{} <a href="{}">{}</a>',
                said % {"old": number, "new": current.number},
                compare,
                _("See what has changed"),
            )
            self.message_user(request, message, messages.WARNING)
            return redirect("admin:streams_script_change", script.pk)
        reason = _("Undid revision %(number)d") % {"number": number}
        if new := self._bring_back(request, script, before, reason):
            said = _(
                "Revision %(old)d is undone: the text is that of revision %(before)d"
                " again."
            )
            values = {"old": number, "before": before.number}
            self._offer_undo(request, new, said % values)
        return redirect("admin:streams_script_change", script.pk)

    def save_model(
        self, request: HttpRequest, obj: Script, form: Any, change: bool
    ) -> None:
        before = obj.revisions.first() if change else None
        obj.save(author=request.user, reason=form.cleaned_data.get("reason", ""))
        # For the response, which says so.
        now = obj.revisions.first()
        new = now if before and now != before else None
        obj.new_revision = new  # type: ignore[attr-defined]

    def response_change(self, request: HttpRequest, obj: Script) -> HttpResponse:
        response = super().response_change(request, obj)
        new: Revision | None = getattr(obj, "new_revision", None)
        if new and IS_POPUP_VAR not in request.POST:
            said = _("Saved as revision %(number)d.") % {"number": new.number}
            self._offer_undo(request, new, said)
        return response

    def _bring_back(
        self, request: HttpRequest, script: Script, revision: Revision, reason: str
    ) -> Revision | None:
        """Save a revision's content as the script's; None where this user may not."""
        new = newly_emitting(script.body, revision.body)
        if new and not request.user.has_perm(EMIT_PERMISSION):
            self.message_user(request, emit_refusal(new), messages.ERROR)
            return None
        script.body, script.rendering = revision.body, revision.rendering
        script.save(author=request.user, reason=reason)
        self.log_change(request, script, reason)
        return script.record_revision()

    def _offer_undo(self, request: HttpRequest, revision: Revision, said: str) -> None:
        """Say what was done, with a button that takes it back."""
        form = (
            '{} <form method="post" action="{}" class="undo">'
            '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<button type="submit">{}</button></form>'
        )
        url = _url("undo", revision.script, revision.number)
        message = format_html(form, said, url, get_token(request), _("Undo"))
        self.message_user(request, message, messages.SUCCESS)

    # Finding

    def _revision_or_404(self, script: Script, number: int) -> Revision:
        revision = script.revisions.select_related("author").filter(number=number)
        if not revision:
            message = _("“%(script)s” has no revision %(number)d.")
            raise Http404(message % {"script": script, "number": number})
        return revision[0]


def _before(script: Script, number: int) -> Revision | None:
    return script.revisions.filter(number__lt=number).first()


def _url(name: str, script: Script, number: int) -> str:
    return reverse(f"admin:streams_script_{name}", args=[script.pk, number])
