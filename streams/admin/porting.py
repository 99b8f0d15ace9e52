"""Export and import of scripts and streams, from their lists and forms."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from streams.admin.entry_page import find_permitted
from streams.admin.importing import import_view, may_import
from streams.documents import PortingError
from streams.models import Script, Stream
from streams.porting.documents import prefetched
from streams.porting.exporting import files_of, scripts_of, zip_of
from streams.porting.sources import File

# Generic for the type checker only.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

MEDIA_TYPES = {"md": "text/markdown; charset=utf-8", "yaml": "application/yaml"}


class Porting(ModelAdmin):
    """A list of scripts or streams that can go out as files and come in as files."""

    change_list_template = "admin/streams/entry_change_list.html"

    def get_urls(self) -> list[URLPattern]:
        view: Any = self.admin_site.admin_view(
            require_http_methods(["GET", "POST"])(
                lambda request: import_view(self, request)
            )
        )
        export: Any = self.admin_site.admin_view(require_safe(self.export_view))
        name = f"streams_{self.opts.model_name}"
        return [
            path("import/", view, name=f"{name}_import"),
            path("<path:object_id>/export/", export, name=f"{name}_export"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_import": may_import(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["may_import"] = may_import(request)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(
        description=gettext_lazy("Export selected %(verbose_name_plural)s"),
        permissions=["view"],
    )
    def export_selected(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        """Answer with a file, or with a zip of them; streams bring their scripts."""
        try:
            return self._exported(request, queryset)
        except PortingError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None

    def export_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer with what is saved of one entry, as its list does."""
        entry = find_permitted(self, request, object_id)
        try:
            return self._exported(request, self.model.objects.filter(pk=entry.pk))
        except PortingError as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(f"admin:streams_{self.opts.model_name}_change", entry.pk)

    def _exported(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        chosen = list(queryset.values_list("pk", flat=True))
        scripts: list[Script] = []
        streams: list[Stream] = []
        if self.model is Script:
            scripts = list(Script.objects.filter(pk__in=chosen).order_by("slug"))
        else:
            streams = list(prefetched().filter(pk__in=chosen).order_by("slug"))
            if request.user.has_perm("streams.view_script"):
                scripts = scripts_of(streams)
        files = files_of(scripts, streams)
        return _attachment(files, str(self.opts.model_name))


def _attachment(files: list[File], what: str) -> HttpResponse:
    if len(files) == 1:
        name = files[0].name.rpartition("/")[2]
        content, media_type = files[0].data, MEDIA_TYPES[name.rpartition(".")[2]]
    else:
        name, content, media_type = f"{what}s.zip", zip_of(files), "application/zip"
    # A slug has nothing in it that would have to be quoted.
    disposition = f'attachment; filename="{name}"'
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=media_type, headers=headers)
