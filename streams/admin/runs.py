"""The journal: what was played to whom, what plays now, and on which worker."""

import re
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from streams.admin.control import ControlAdmin
from streams.admin.workers import ago, column, seconds_between
from streams.conf import conf
from streams.models import Run, Worker
from streams.templatetags.streams import duration, unbroken

NOTHING = "–"

RUN_ID = re.compile("[0-9a-f]{32}")

MOST_WORKERS = 20
"""Most workers that the filter offers: those seen last."""


class StateFilter(admin.SimpleListFilter):
    """Every way in which a run ends, and those that play now."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(state.value, state.label) for state in Run.State]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        state = self.value()
        return queryset.in_state(state) if state else queryset


class InjectedFilter(admin.SimpleListFilter):
    """What failed on purpose, or at least was meant to hurt; and all else."""

    title = gettext_lazy("injected faults")
    parameter_name = "injected"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("With some")), ("no", gettext_lazy("Without"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "yes":
                return queryset.exclude(fault="")
            case "no":
                return queryset.filter(fault="")
        return queryset


class WorkerFilter(admin.SimpleListFilter):
    title = gettext_lazy("worker")
    parameter_name = "worker"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        seen = Worker.objects.all()[:MOST_WORKERS]
        return [(str(worker.pk), str(worker)) for worker in seen]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        key = self.value() or ""
        known = key.isascii() and key.isdigit()
        return queryset.filter(worker=int(key[:18])) if known else queryset


@admin.register(Run)
class RunAdmin(ControlAdmin):
    list_display = (
        "state",
        "stream",
        "began",
        "took",
        "sent_steps",
        "sent_bytes",
        "first_byte",
        "lateness",
        "format",
        "transport",
        "client",
        "version",
    )
    list_display_links = ("stream",)
    # No date hierarchy: on SQLite it takes a second of Python for 100,000 runs.
    list_filter = (
        *(StateFilter, "started", "stream", InjectedFilter),
        *("format", "transport", WorkerFilter),
    )
    list_select_related = ("worker",)
    search_fields = ("run_id", "stream", "client", "session")
    search_help_text = gettext_lazy(
        "A run’s id, a stream’s slug, a client’s address, or a session"
    )
    show_full_result_count = False
    fieldsets = (
        (
            None,
            {
                "fields": (
                    *("run_id", "state", "fault", "stream", "version", "rule"),
                    *("session", "seed", "position"),
                    *("format", "transport", "worker"),
                )
            },
        ),
        (gettext_lazy("Client"), {"fields": ("client", "agent", "body")}),
        (
            gettext_lazy("Timing"),
            {
                "fields": (
                    *("began", "first_byte", "first_chunk", "took", "lateness"),
                    "seen",
                )
            },
        ),
        (gettext_lazy("Sent"), {"fields": ("sent_steps", "sent_bytes")}),
    )

    @column(gettext_lazy("state"), "outcome")
    def state(self, run: Run) -> str:
        state = run.state
        return str(Run.State(state).label) if state in Run.State else state

    @column(gettext_lazy("script"), "script")
    def version(self, run: Run) -> str:
        return f"{run.script}@{run.revision[:7]}"

    @column(gettext_lazy("started"), "started")
    def began(self, run: Run) -> str:
        # To the second, which no language's own format says.
        at: datetime = run.started
        here = timezone.localtime(at) if timezone.is_aware(at) else at
        return unbroken(date_format(here, "Y-m-d H:i:s"))

    @column(gettext_lazy("took"))
    def took(self, run: Run) -> str:
        if run.ended:
            return duration(seconds_between(run.started, run.ended))
        if run.state == Run.State.PLAYING:
            so_far = duration(seconds_between(run.started, timezone.now()))
            return _("%(duration)s so far") % {"duration": so_far}
        return NOTHING

    @column(gettext_lazy("steps"), "steps")
    def sent_steps(self, run: Run) -> str:
        return number_format(run.steps, force_grouping=True)

    @column(gettext_lazy("size"), "bytes")
    def sent_bytes(self, run: Run) -> str:
        return filesizeformat(run.bytes)

    @column(gettext_lazy("first byte"), "first_byte_ms")
    def first_byte(self, run: Run) -> str:
        if run.first_byte_ms is None:
            return NOTHING
        return _milliseconds(run.first_byte_ms)

    @column(gettext_lazy("first token"), "first_chunk_ms")
    def first_chunk(self, run: Run) -> str:
        if run.first_chunk_ms is None:
            return NOTHING
        return _milliseconds(run.first_chunk_ms)

    @column(gettext_lazy("worker last seen"))
    def seen(self, run: Run) -> str:
        return ago(seconds_between(run.worker.last_seen, timezone.now()))

    @column(gettext_lazy("worst lateness"), "lateness_ms")
    def lateness(self, run: Run) -> str:
        return _milliseconds(run.lateness_ms)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        # Of what plays one asks whether it does; of what is over, nobody.
        playing = request.GET.get(StateFilter.parameter_name) == Run.State.PLAYING
        more = ["seen"] if playing else []
        return [*self.list_display[:4], *more, *self.list_display[4:]]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if RUN_ID.fullmatch(search_term.strip()):
            # By its index, instead of reading the whole journal.
            return queryset.filter(run_id=search_term.strip()), False
        return super().get_search_results(request, queryset, search_term)

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        dropped = Worker.objects.aggregate(total=Sum("dropped"))["total"] or 0
        context = {"journal_is_off": not conf.journal, "dropped": dropped}
        return super().changelist_view(request, context | (extra_context or {}))


def _milliseconds(count: int) -> str:
    return unbroken(_("%(delay)d ms") % {"delay": count})
