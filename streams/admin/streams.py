"""Streams: publishing a script with its timing."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from streams.admin.entry_page import find_permitted
from streams.admin.explaining import explain_view
from streams.admin.faults import FaultFormSet, FaultInline, copy_faults, faults_to_come
from streams.admin.presets import PRESETS
from streams.admin.preview import check_formset
from streams.admin.rehearsal import Rehearsal
from streams.admin.rules import MOVE, RuleInline, put_in_order
from streams.admin.sequence import copy_rules
from streams.admin.stream_list import StreamList
from streams.models import Stream
from streams.models.entry import Entry
from streams.templatetags.streams import in_words


@admin.register(Stream)
class StreamAdmin(StreamList):
    search_fields = ("title", "slug", "tags", "notes", "script__title", "script__slug")
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

    class Media:
        js = ["streams/autocomplete-names.js"]

    def links(self, request: HttpRequest, entry: Entry) -> dict[str, str]:
        explain = reverse("admin:streams_stream_explain", args=[entry.pk])
        return {"explain_url": explain, **super().links(request, entry)}

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
                    self, request, find_permitted(self, request, object_id)
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

    def save_copy(self, request: HttpRequest, copy: Stream, original: Stream) -> None:
        copy.published = False
        copy.save()
        copy_rules(original, copy, copy_faults(original, copy))

    def played_by(self, entry: Stream) -> list[Stream]:
        return [entry]
