"""Scripts: writing them, and hearing them."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from streams.admin.base import TagFilter
from streams.admin.preview import timing_of
from streams.admin.rehearsal import Rehearsal
from streams.admin.revisions import Revisions
from streams.admin.script_form import ScriptForm
from streams.models import RuleScript, Script, Stream
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
class ScriptAdmin(Revisions):
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
