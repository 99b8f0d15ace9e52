"""What the admin of scripts and of streams have in common."""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from streams.admin.entry_page import find_or_404
from streams.admin.porting import Porting
from streams.admin.preview import Previewing
from streams.admin.second_editor import Guarding
from streams.models import Stream

# Generic for the type checker only.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

Entry = Any
"""A Script or a Stream."""


class TagFilter(admin.SimpleListFilter):
    """Offer each tag in use."""

    title = gettext_lazy("tag")
    parameter_name = "tag"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        rows = model_admin.get_queryset(request).values_list("tags", flat=True)
        tags = {tag.strip() for row in rows.distinct() for tag in row.split(",")}
        return [(tag, tag) for tag in sorted(tags - {""})]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        if not self.value():
            return queryset
        tag = re.escape(str(self.value()))
        return queryset.filter(tags__regex=rf"(^|,)\s*{tag}\s*(,|$)")


class EntryAdmin(Previewing, Guarding, Porting):
    """A list that a person can work with, and copies of what is in it."""

    change_form_template = "admin/streams/change_form.html"
    # get_absolute_url() plays a stream; the form has a link of its own for that.
    view_on_site = False

    class Media:
        css = {"all": ["streams/admin.css"]}
        js = (forms.Script("streams/form-guard.js", type="module"),)

    def get_urls(self) -> list[URLPattern]:
        name = f"streams_{self.opts.model_name}_duplicate"
        view = self.admin_site.admin_view(require_POST(self.duplicate_view))
        duplicate = path("<path:object_id>/duplicate/", view, name=name)
        return [duplicate, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        entry = self.get_object(request, object_id)
        streams = self.played_by(entry) if entry else []
        context = {
            "play_links": [(s.title, play_url(s)) for s in streams if play_url(s)],
            "revisions_url": self.revisions_url(entry) if entry else "",
            **(self.links(request, entry) if entry else {}),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Entry | None = None,
    ) -> HttpResponse:
        context["state_shown"] = self.state_shown(request, obj)
        may = self.has_change_permission(request, obj) if change else add
        if may and not context["is_popup"]:
            context |= self.preview_context(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def links(self, request: HttpRequest, entry: Entry) -> dict[str, str]:
        """Return what else an entry's page has links to."""
        return {}

    def played_by(self, entry: Entry) -> list[Stream]:
        """Return the streams that an entry's page has links to."""
        raise NotImplementedError

    def revisions_url(self, entry: Entry) -> str:
        """Return where an entry's history is, if it keeps one."""
        return ""

    def duplicate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a copy and open it."""
        original: Entry = find_or_404(self, request, object_id)
        may_read = self.has_view_permission(request, original)
        if not (may_read and self.has_add_permission(request)):
            raise PermissionDenied
        copy = self.duplicate(request, original)
        message = _("This is a copy of “%(title)s”.") % {"title": original.title}
        self.message_user(request, message, messages.SUCCESS)
        return redirect(f"admin:streams_{self.opts.model_name}_change", copy.pk)

    @admin.action(
        description=gettext_lazy("Duplicate selected %(verbose_name_plural)s"),
        permissions=["add"],
    )
    def duplicate_selected(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> None:
        count = len([self.duplicate(request, original) for original in queryset])
        message = ngettext("%(n)d copy made.", "%(n)d copies made.", count)
        self.message_user(request, message % {"n": count}, messages.SUCCESS)

    def duplicate(self, request: HttpRequest, original: Entry) -> Entry:
        copy = self.model.objects.get(pk=original.pk)
        copy.pk = None
        copy._state.adding = True
        copy.slug = self._free_slug(original.slug)
        copy.title = _("%(title)s (copy)") % {"title": original.title[:190]}
        self.save_copy(request, copy, original)
        self.log_addition(request, copy, [{"added": {}}])
        return copy

    def save_copy(self, request: HttpRequest, copy: Entry, original: Entry) -> None:
        """Save a copy, changed where a copy must not be like its original."""
        copy.save()

    def _free_slug(self, slug: str) -> str:
        slug = re.sub(r"-copy(-\d+)?$", "", slug)[:90]
        taken = set(
            self.model.objects.filter(slug__startswith=f"{slug}-copy").values_list(
                "slug", flat=True
            )
        )
        candidate, number = f"{slug}-copy", 1
        while candidate in taken:
            number += 1
            candidate = f"{slug}-copy-{number}"
        return candidate


def play_url(stream: Stream) -> str:
    """Return where a stream plays; nothing on a site without `streams.urls`."""
    try:
        return reverse("streams:stream", args=[stream.slug])
    except NoReverseMatch:
        return ""
