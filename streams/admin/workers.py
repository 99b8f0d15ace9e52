"""Workers: the processes that play, and when each was last heard of."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from streams.models import Worker
from streams.templatetags.streams import unbroken

# Generic for the type checker only.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


def column(name: Any, field: str = "") -> Callable[[Any], Any]:
    """Name a method as a column, and the field to sort it by."""
    return admin.display(description=name, ordering=field or None)


class ReadOnlyAdmin(ModelAdmin):
    """Nobody writes a journal by hand."""

    list_per_page = 50

    class Media:
        css = {"all": ["streams/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("process", "state", "began", "seen", "plays", "dropped", "runs")
    fields = ("name", "state", "began", "seen", "plays", "dropped")
    search_fields = ("host", "pid")

    @column(gettext_lazy("worker"), "name")
    def process(self, worker: Worker) -> str:
        return str(worker)

    @column(gettext_lazy("state"))
    def state(self, worker: Worker) -> str:
        return str(worker.state.label)

    @column(gettext_lazy("started"), "started")
    def began(self, worker: Worker) -> str:
        return ago(seconds_between(worker.started, timezone.now()))

    @column(gettext_lazy("last seen"), "last_seen")
    def seen(self, worker: Worker) -> str:
        return ago(seconds_between(worker.last_seen, timezone.now()))

    @column(gettext_lazy("playing"), "playing")
    def plays(self, worker: Worker) -> int:
        return int(worker.playing) if worker.state == Worker.State.RUNNING else 0

    @column("")
    def runs(self, worker: Worker) -> str:
        return format_html('<a href="{}">{}</a>', runs_url(worker=worker.pk), _("Runs"))


def runs_url(**filters: Any) -> str:
    """Return where the runs with those values are listed."""
    return reverse("admin:streams_run_changelist", query=filters)


def ago(seconds: float) -> str:
    """Say how long ago something was: "3 s ago"."""
    if seconds < 60:
        said = _("%(n)d s ago") % {"n": seconds}
    elif seconds < 3600:
        said = _("%(n)d min ago") % {"n": seconds // 60}
    elif seconds < 48 * 3600:
        said = _("%(n)d h ago") % {"n": seconds // 3600}
    else:
        days = int(seconds // 86400)
        said = ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}
    return unbroken(said)


def seconds_between(start: datetime, end: datetime) -> float:
    # A clock may have been set back between the two.
    return max((end - start).total_seconds(), 0.0)
