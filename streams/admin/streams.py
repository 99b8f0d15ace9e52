"""Streams: publishing a script with its timing."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy
from django.views.decorators.http import require_http_methods

from streams.admin.base import EntryAdmin, TagFilter, play_url
from streams.admin.explaining import explain_view
from streams.admin.faults import FaultFormSet, FaultInline, copy_faults, faults_to_come
from streams.admin.presets import PRESETS
from streams.admin.preview import check_formset
from streams.admin.rehearsal import Rehearsal
from streams.admin.rules import MOVE, RuleInline, put_in_order
from streams.admin.sequence import copy_rules
from streams.admin.workers import runs_url
from streams.models import Stream
from streams.models.entry import Entry
from streams.models.timing import Estimate
from streams.templatetags.streams import duration, in_words, unbroken

SENT_AT_ONCE = {
    Stream.Units.GRAPHEME: ngettext_lazy("%(n)d character", "%(n)d characters", "n"),
    Stream.Units.WORD: ngettext_lazy("%(n)d word", "%(n)d words", "n"),
    Stream.Units.SENTENCE: ngettext_lazy("%(n)d sentence", "%(n)d sentences", "n"),
    Stream.Units.LINE: ngettext_lazy("%(n)d line", "%(n)d lines", "n"),
    Stream.Units.FIXED: ngettext_lazy("%(n)d code point", "%(n)d code points", "n"),
}


@admin.register(Stream)
class StreamAdmin(EntryAdmin):
    list_display = (
        "title",
        "play",
        "published",
        "chunks",
        "lasts",
        "pace",
        "script_link",
        "access",
        "slug",
    )
    list_filter = ("published", "access", "unit", TagFilter, "updated")
    list_select_related = ("script",)
    search_fields = ("title", "slug", "tags", "notes", "script__title", "script__slug")
    actions = ("publish", "unpublish", "duplicate_selected", "export_selected")
    autocomplete_fields = ("script",)
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = ("estimate",)
    inlines = (RuleInline, FaultInline)
    fieldsets = (
        (None, {"fields": ("title", "slug", "script", "published", "access")}),
        (
            gettext_lazy("Timing"),
            {
                "fields": (
                    ("unit", "chunk_size"),
                    ("delay_ms", "jitter_percent"),
                    "ttft_ms",
                    "seed",
                    "max_speed",
                    "estimate",
                )
            },
        ),
        (
            gettext_lazy("Connection"),
            {"fields": (("retry_ms", "heartbeat_s"),)},
        ),
        (
            gettext_lazy("Limits"),
            {"fields": (("max_concurrent", "max_duration_s", "max_bytes"),)},
        ),
        (
            gettext_lazy("For tests"),
            {"fields": ("hold_after", ("allow_faults", "allow_script"))},
        ),
        (gettext_lazy("For editors"), {"fields": ("tags", "notes")}),
    )

    @admin.display(description=gettext_lazy("script"), ordering="script__title")
    def script_link(self, stream: Stream) -> str:
        url = reverse("admin:streams_script_change", args=[stream.script_id])
        return format_html('<a href="{}">{}</a>', url, stream.script)

    @admin.display(description=gettext_lazy("pace"), ordering="delay_ms")
    def pace(self, stream: Stream) -> str:
        chunk = SENT_AT_ONCE[Stream.Units(stream.unit)] % {"n": stream.chunk_size}
        delay = _("%(delay)d ms") % {"delay": stream.delay_ms}
        # It may be broken before the stroke, and nowhere else.
        return f"{unbroken(chunk)} {unbroken(f'/ {delay}')}"

    @admin.display(description=gettext_lazy("chunks"))
    def chunks(self, stream: Stream) -> int | None:
        estimate = self._estimate(stream)
        return estimate.chunks if estimate else None

    @admin.display(description=gettext_lazy("lasts"))
    def lasts(self, stream: Stream) -> str | None:
        estimate = self._estimate(stream)
        return duration(estimate.duration) if estimate else None

    def _estimate(self, stream: Stream) -> Estimate | None:
        """Estimate a row once, for all its columns."""
        if not hasattr(stream, "estimated"):
            stream.estimated = stream.estimate()  # type: ignore[attr-defined]
        return cast("Estimate | None", stream.estimated)  # type: ignore[attr-defined]

    @admin.display(description="")
    def play(self, stream: Stream) -> str:
        url = play_url(stream)
        return url and format_html('<a href="{}">▶ {}</a>', url, _("Play"))

    def links(self, request: HttpRequest, entry: Entry) -> dict[str, str]:
        links = {
            "explain_url": reverse("admin:streams_stream_explain", args=[entry.pk])
        }
        if request.user.has_perm("streams.view_run"):
            links["runs_url"] = runs_url(stream=entry.slug)
        return links

    def preview_context(self, request: HttpRequest, entry: Any) -> dict[str, Any]:
        return super().preview_context(request, entry) | {"presets": PRESETS}

    def rehearse(
        self, request: HttpRequest, entry: Any, formsets: Any, **options: Any
    ) -> Rehearsal | None:
        if not entry.script_id:
            return None
        armed = []
        for formset in formsets:
            if isinstance(formset, FaultFormSet):
                check_formset(formset)
                armed = faults_to_come(formset)
        return Rehearsal.of(entry, entry.script, armed=armed, **options)

    # Rules

    def get_urls(self) -> list[URLPattern]:
        view: Any = self.admin_site.admin_view(
            require_http_methods(["GET", "POST"])(
                lambda request, object_id: explain_view(
                    self, request, self.find_or_404(request, object_id)
                )
            )
        )
        explain = path("<path:object_id>/explain/", view, name="streams_stream_explain")
        return [explain, *super().get_urls()]

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        stream = form.instance
        before = dict(stream.rules.values_list("pk", "order"))
        super().save_related(request, form, formsets, change)
        put_in_order(stream, before, request.POST.get(MOVE, ""))

    def response_change(self, request: HttpRequest, obj: Stream) -> HttpResponse:
        if MOVE not in request.POST:
            return super().response_change(request, obj)
        message = _("Saved. The rules are in their new order.")
        self.message_user(request, message, messages.SUCCESS)
        return redirect(f"{request.get_full_path()}#rules-group")

    @admin.display(description=gettext_lazy("estimate"))
    def estimate(self, stream: Stream) -> str:
        if not stream.pk:
            return _("Save the stream to see how long it will be.")
        return in_words(stream.estimate())

    # Publishing needs its own permission: an editor's draft waits for a publisher.

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("streams.publish_stream")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Stream | None = None
    ) -> list[str]:
        fields = [str(field) for field in super().get_readonly_fields(request, obj)]
        if not self.has_publish_permission(request):
            fields.append("published")
            if obj and obj.published:
                # Otherwise any draft could be made public by way of this stream.
                fields += ["script", "access"]
        return fields

    @admin.action(
        description=gettext_lazy("Publish selected streams"), permissions=["publish"]
    )
    def publish(self, request: HttpRequest, queryset: QuerySet[Stream]) -> None:
        count = self._set_published(request, queryset, True)
        message = ngettext("%(n)d stream published.", "%(n)d streams published.", count)
        self.message_user(request, message % {"n": count}, messages.SUCCESS)

    @admin.action(
        description=gettext_lazy("Unpublish selected streams"), permissions=["publish"]
    )
    def unpublish(self, request: HttpRequest, queryset: QuerySet[Stream]) -> None:
        count = self._set_published(request, queryset, False)
        message = ngettext(
            "%(n)d stream unpublished.", "%(n)d streams unpublished.", count
        )
        self.message_user(request, message % {"n": count}, messages.SUCCESS)

    def _set_published(
        self, request: HttpRequest, queryset: QuerySet[Stream], published: bool
    ) -> int:
        changed = list(queryset.exclude(published=published))
        for stream in changed:
            stream.published = published
            stream.save(update_fields=["published", "updated"])
            self.log_change(request, stream, [{"changed": {"fields": ["published"]}}])
        return len(changed)

    def save_copy(self, request: HttpRequest, copy: Stream, original: Stream) -> None:
        copy.published = False
        copy.save()
        copy_rules(original, copy, copy_faults(original, copy))

    def played_by(self, entry: Stream) -> list[Stream]:
        return [entry]
