"""The list of streams: what each is like, and what becomes of it."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from streams.admin.base import TagFilter, play_url
from streams.admin.statistics_page import NOTHING, StatisticsAdmin, statistics_url
from streams.admin.workers import ago, runs_url, seconds_between
from streams.models import Fault, Run, Stream
from streams.models.estimates import estimate_all
from streams.templatetags.streams import duration, unbroken

SENT_AT_ONCE = {
    Stream.Units.GRAPHEME: ngettext_lazy("%(n)d character", "%(n)d characters", "n"),
    Stream.Units.WORD: ngettext_lazy("%(n)d word", "%(n)d words", "n"),
    Stream.Units.SENTENCE: ngettext_lazy("%(n)d sentence", "%(n)d sentences", "n"),
    Stream.Units.LINE: ngettext_lazy("%(n)d line", "%(n)d lines", "n"),
    Stream.Units.FIXED: ngettext_lazy("%(n)d code point", "%(n)d code points", "n"),
}

RUN_COLUMNS = ("last_run", "live", "statistics")
"""For those who may view runs."""


class FaultFilter(admin.SimpleListFilter):
    """What goes wrong on purpose, and all else."""

    title = gettext_lazy("faults")
    parameter_name = "faulty"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("With some")), ("no", gettext_lazy("Without"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Stream]
    ) -> QuerySet[Stream]:
        if self.value() not in ("yes", "no"):
            return queryset
        faulty = Q(pk__in=Fault.objects.filter(enabled=True).values("stream"))
        return queryset.filter(faulty if self.value() == "yes" else ~faulty)


class StreamChangeList(ChangeList):
    """A page of streams, with estimates and with what the journal says of them all:
    two queries each, however long the page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        estimate_all(self.result_list)
        if not request.user.has_perm("streams.view_run"):
            return
        # One look into the index for each; to group all runs would read all of it.
        latest = Run.objects.filter(stream=OuterRef("slug")).order_by("-started")
        shown: dict[Any, Any] = {stream.pk: stream for stream in self.result_list}
        started: Any = Stream.objects.filter(pk__in=shown).order_by()
        started = started.annotate(last=Subquery(latest.values("started")[:1]))
        playing: Any = Run.objects.in_state(Run.State.PLAYING).order_by()
        playing = playing.values_list("stream").annotate(Count("pk"))
        live = dict(playing.filter(stream__in=[s.slug for s in shown.values()]))
        for pk, last in started.values_list("pk", "last"):
            shown[pk].last_started = last
            shown[pk].live_runs = live.get(shown[pk].slug, 0)


class StreamList(StatisticsAdmin):
    """The columns of the list of streams, and what can be done to several at once."""

    list_display = (
        "title",
        "play",
        "published",
        *RUN_COLUMNS,
        "chunks",
        "lasts",
        "pace",
        "script_link",
        "access",
        "slug",
    )
    list_filter = (
        "published",
        "access",
        "unit",
        TagFilter,
        FaultFilter,
        "updated",
    )
    actions = ("publish", "unpublish", "duplicate_selected", "export_selected")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        may = self.has_runs_permission(request)
        return [c for c in self.list_display if may or c not in RUN_COLUMNS]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StreamChangeList

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
    def chunks(self, stream: Any) -> int | None:
        return stream.estimated.chunks if stream.estimated else None

    @admin.display(description=gettext_lazy("lasts"))
    def lasts(self, stream: Any) -> str | None:
        return duration(stream.estimated.duration) if stream.estimated else None

    @admin.display(description="")
    def play(self, stream: Stream) -> str:
        url = play_url(stream)
        return url and format_html('<a href="{}">▶ {}</a>', url, _("Play"))

    @admin.display(description=gettext_lazy("last run"))
    def last_run(self, stream: Any) -> str:
        if stream.last_started is None:
            return NOTHING
        said = ago(seconds_between(stream.last_started, timezone.now()))
        url = runs_url(stream=stream.slug)
        return format_html('<a href="{}">{}</a>', url, said)

    @admin.display(description=gettext_lazy("live now"))
    def live(self, stream: Any) -> str:
        if not stream.live_runs:
            return NOTHING
        url = runs_url(stream=stream.slug, state=Run.State.PLAYING.value)
        return format_html('<a href="{}">{}</a>', url, stream.live_runs)

    @admin.display(description="")
    def statistics(self, stream: Stream) -> str:
        return format_html(
            '<a href="{}">{}</a>', statistics_url(stream), _("Statistics")
        )

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("streams.publish_stream")

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
