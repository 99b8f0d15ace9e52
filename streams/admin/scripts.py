"""Scripts: writing them, and the way back to every earlier state."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.db.models.functions import Length
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from streams.admin.base import EntryAdmin, TagFilter
from streams.admin.differences import difference
from streams.admin.preview import timing_of
from streams.admin.rehearsal import Rehearsal
from streams.admin.script_form import EMIT_PERMISSION, ScriptForm, emit_refusal
from streams.core.emitting import newly_emitting
from streams.models import Revision, RuleScript, Script, Stream
from streams.models.script import ScriptQuerySet


class UsedFilter(admin.SimpleListFilter):
    title = pgettext_lazy("list filter", "use")
    parameter_name = "used"

    def lookups(self, *args: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("In a stream")), ("no", gettext_lazy("Unused"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Script]
    ) -> QuerySet[Script]:
        if self.value() not in ("yes", "no"):
            return queryset
        in_stream = Q(pk__in=Stream.objects.values("script"))
        used = in_stream | Q(pk__in=RuleScript.objects.values("script"))
        return queryset.filter(used if self.value() == "yes" else ~used)


@admin.register(Script)
class ScriptAdmin(EntryAdmin):
    form = ScriptForm
    list_display = (
        "title",
        "rendering",
        "characters",
        "used_by",
        "last_revision",
        "updated",
        "tags",
        "slug",
    )
    list_filter = ("rendering", UsedFilter, TagFilter, "updated")
    search_fields = ("title", "slug", "tags", "body", "notes")
    actions = ("duplicate_selected", "export_selected")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = (
        (None, {"fields": ("title", "slug", "body", "rendering", "reason")}),
        (gettext_lazy("For editors"), {"fields": ("tags", "notes")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Script]:
        found = cast(ScriptQuerySet, super().get_queryset(request))
        match = request.resolver_match
        listing = match is not None and match.url_name == "streams_script_changelist"
        return found.with_facts() if listing else found

    @admin.display(description=gettext_lazy("characters"), ordering="length")
    def characters(self, script: Any) -> Any:
        return script.length

    @admin.display(description=gettext_lazy("streams"), ordering="stream_count")
    def used_by(self, script: Any) -> Any:
        return script.stream_count

    @admin.display(description=gettext_lazy("revision"), ordering="revision_count")
    def last_revision(self, script: Any) -> Any:
        return script.revision_count

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"editor": request.user})

    def save_model(
        self, request: HttpRequest, obj: Script, form: Any, change: bool
    ) -> None:
        obj.save(author=request.user, reason=form.cleaned_data.get("reason", ""))

    def save_copy(self, request: HttpRequest, copy: Script, original: Script) -> None:
        reason = _("Copy of %(slug)s") % {"slug": original.slug}
        copy.save(author=request.user, reason=reason)

    def played_by(self, entry: Script) -> list[Stream]:
        if entry._state.adding:
            return []
        said = Q(script=entry) | Q(rules__scripts=entry)
        return list(Stream.objects.filter(said).distinct())

    def rehearsal_choices(self, request: HttpRequest, entry: Any) -> list[Stream]:
        # Whose timing they may see.
        may = request.user.has_perm("streams.view_stream")
        return self.played_by(entry) if entry and may else []

    def rehearse(
        self, request: HttpRequest, entry: Any, formsets: Any, **options: Any
    ) -> Rehearsal:
        offered = self.rehearsal_choices(request, entry)
        stream = timing_of(request.POST.get("_stream", ""), offered)
        return Rehearsal.of(stream, entry, **options)

    # Revisions

    def revisions_url(self, entry: Script) -> str:
        return reverse("admin:streams_script_revisions", args=[entry.pk])

    def get_urls(self) -> list[URLPattern]:
        def url(route: str, view: Any, name: str) -> URLPattern:
            wrapped: Any = self.admin_site.admin_view(view)
            pattern: URLPattern = path(route, wrapped, name=f"streams_script_{name}")
            return pattern

        listing = require_safe(self.revisions_view)
        one = require_safe(self.revision_view)
        restore = require_POST(self.restore_view)
        return [
            url("<path:object_id>/revisions/", listing, "revisions"),
            url("<path:object_id>/revisions/<int:number>/", one, "revision"),
            url("<path:object_id>/revisions/<int:number>/restore/", restore, "restore"),
            *super().get_urls(),
        ]

    def revisions_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """List every state the script was in, the last first."""
        script = self._viewable(request, object_id)
        revisions = script.revisions.select_related("author").defer("body")
        revisions = revisions.annotate(length=Length("body"))
        context = {"revisions": revisions, "current": revisions.first()}
        return self._page(request, script, "revisions", _("Revisions"), context)

    def revision_view(
        self, request: HttpRequest, object_id: str, number: int
    ) -> HttpResponse:
        """Show a revision beside another: the one before, or `?against=` a number."""
        script = self._viewable(request, object_id)
        revision = self._revision_or_404(script, number)
        against = request.GET.get("against", "")
        if against.isascii() and against.isdigit():
            other = self._revision_or_404(script, int(against[:9]))
        else:
            other = script.revisions.filter(number__lt=number).first() or Revision()
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
        }
        title = _("Revision %(number)d") % {"number": number}
        return self._page(request, script, "revision", title, context)

    def restore_view(
        self, request: HttpRequest, object_id: str, number: int
    ) -> HttpResponse:
        """Make a revision's content the script's, as a new revision."""
        script = self.find_or_404(request, object_id)
        if not self.has_change_permission(request, script):
            raise PermissionDenied
        revision = self._revision_or_404(script, number)
        new = newly_emitting(script.body, revision.body)
        if new and not request.user.has_perm(EMIT_PERMISSION):
            self.message_user(request, emit_refusal(new), messages.ERROR)
            return redirect("admin:streams_script_revision", script.pk, number)
        script.body, script.rendering = revision.body, revision.rendering
        reason = _("Restored revision %(number)d") % {"number": number}
        script.save(author=request.user, reason=reason)
        self.log_change(request, script, reason)
        message = _("Revision %(old)d is restored, as revision %(new)d.") % {
            "old": number,
            "new": script.record_revision().number,
        }
        self.message_user(request, message, messages.SUCCESS)
        return redirect("admin:streams_script_change", script.pk)

    def _viewable(self, request: HttpRequest, object_id: str) -> Script:
        script: Script = self.find_or_404(request, object_id)
        if not self.has_view_permission(request, script):
            raise PermissionDenied
        return script

    def _revision_or_404(self, script: Script, number: int) -> Revision:
        revision = script.revisions.select_related("author").filter(number=number)
        if not revision:
            message = _("“%(script)s” has no revision %(number)d.")
            raise Http404(message % {"script": script, "number": number})
        return revision[0]

    def _page(
        self,
        request: HttpRequest,
        script: Script,
        template: str,
        title: str,
        context: dict[str, Any],
    ) -> HttpResponse:
        common = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(script),
            "script": script,
            "opts": self.opts,
            "media": self.media,
        }
        name = f"admin/streams/script/{template}.html"
        return TemplateResponse(request, name, common | context)
