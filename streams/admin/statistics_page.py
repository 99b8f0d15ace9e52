"""The page of a stream's statistics: how often it is played, and how it ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from streams.admin.base import EntryAdmin, play_url
from streams.admin.entry_page import entry_page, find_permitted
from streams.admin.plot import Bar, Line, bars, line, round_top
from streams.admin.statistics import (
    PERIODS,
    USUAL_PERIOD,
    Counts,
    Fate,
    Statistics,
    count_runs,
)
from streams.admin.workers import runs_url
from streams.conf import conf
from streams.models import Run, Stream
from streams.templatetags.streams import duration, unbroken

NOTHING = "–"

PERCENTS = (50, 95)

SHOWN = (Fate.COMPLETED, Fate.MEANT, Fate.CUT, Fate.FAILED, Fate.PLAYING)
"""In the order of the plot's legend and of the table's columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A drawing, and the words around it."""

    middle: str
    top: str
    said: str
    """What it shows, for whoever does not see it."""
    bars: list[Bar]
    lines: list[Line]


class StatisticsAdmin(EntryAdmin):
    """Streams whose runs are counted."""

    def get_urls(self) -> list[URLPattern]:
        view: Any = self.admin_site.admin_view(require_safe(self.statistics_view))
        name = "streams_stream_statistics"
        return [
            path("<path:object_id>/statistics/", view, name=name),
            *super().get_urls(),
        ]

    def has_runs_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("streams.view_run")

    def links(self, request: HttpRequest, entry: Any) -> dict[str, str]:
        links = super().links(request, entry)
        if self.has_runs_permission(request):
            links["runs_url"] = runs_url(stream=entry.slug)
            links["statistics_url"] = statistics_url(entry)
        return links

    def statistics_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the runs of the last days: `?days=`, one of `PERIODS`."""
        stream: Stream = find_permitted(self, request, object_id)
        if not self.has_runs_permission(request):
            raise PermissionDenied
        asked = request.GET.get("days", "")
        days = next((n for n in PERIODS if str(n) == asked), USUAL_PERIOD)
        found = count_runs(stream.slug, days)
        context = {
            "periods": PERIODS,
            "days": days,
            "kept_days": conf.journal_days if conf.journal_days < days else None,
            "journal_is_off": not conf.journal,
            "play_url": play_url(stream),
            "runs_url": runs_url(stream=stream.slug),
            "found": found,
            "legend": _legend(found),
        }
        if found.whole.runs:
            context |= _shown(found)
            context["states"] = _states(found, stream)
        title = _("Statistics")
        return entry_page(self, request, stream, "statistics", title, context)


def statistics_url(stream: Stream) -> str:
    return reverse("admin:streams_stream_statistics", args=[stream.pk])


def _shown(found: Statistics) -> dict[str, Any]:
    days, whole = found.days, found.whole
    waits = {percent: [day.wait(percent) for day in days] for percent in PERCENTS}
    said = [[day.on, _count(day.runs), *_cells(day, found)] for day in days if day.runs]
    context: dict[str, Any] = {
        "runs_plot": _runs_plot(found),
        "first": days[0].on,
        "between": days[len(days) // 2].on,
        "last": days[-1].on,
        # The latest first: it is what one looks for.
        "rows": said[::-1],
        "totals": [_count(whole.runs), *_cells(whole, found)],
        "median": _wait(whole.wait(50)),
        "most": _wait(whole.wait(95)),
        "measured": whole.waits.total(),
    }
    if whole.waits:
        context["waits_plot"] = _waits_plot(waits)
    return context


def _legend(found: Statistics) -> list[Fate]:
    """Return the fates that are in the plot; to play is one of today only."""
    fates = found.whole.fates
    return [fate for fate in SHOWN if fates[fate] or fate is not Fate.PLAYING]


def _cells(counts: Counts, found: Statistics) -> list[str]:
    fates = counts.fates
    numbers = [_count(fates[fate]) for fate in _legend(found)]
    return numbers + [_wait(counts.wait(percent)) for percent in PERCENTS]


def _states(found: Statistics, stream: Stream) -> list[dict[str, Any]]:
    """Say how runs ended, the most frequent first, with the way to those runs."""
    whole = found.whole
    states = []
    for state, count in sorted(whole.states.items(), key=lambda item: -item[1]):
        known = state in Run.State
        share = number_format(round(100 * count / whole.runs, 1), 1)
        states.append(
            {
                "title": Run.State(state).label if known else state,
                "url": runs_url(
                    stream=stream.slug, state=state, started__gte=str(found.begin)
                ),
                "count": _count(count),
                "share": f"{share}\N{NO-BREAK SPACE}%",
            }
        )
    return states


def _runs_plot(found: Statistics) -> Plot:
    most = max(day.runs for day in found.days)
    top = round_top(most)
    return Plot(
        top=_count(top),
        middle=_count(top // 2) if top % 2 == 0 else "",
        said=_("Runs a day: %(most)s at most. The table below has the figures.")
        % {"most": _count(most)},
        bars=bars(found.days, top),
        lines=[],
    )


def _waits_plot(waits: dict[int, list[int | None]]) -> Plot:
    top = round_top(max(_known(wait for some in waits.values() for wait in some)))
    worst = max(_known(waits[95]))
    return Plot(
        top=_wait(top),
        middle=_wait(top / 2),
        said=_(
            "Time to first token, day by day: within %(worst)s for 95 %% of the runs of"
            " the worst day. The table below has the figures."
        )
        % {"worst": _wait(worst)},
        bars=[],
        lines=[line(f"p{percent}", waits[percent], top) for percent in PERCENTS],
    )


def _known(waits: Iterable[int | None]) -> Iterable[int]:
    return (wait for wait in waits if wait is not None)


def _count(count: int) -> str:
    return number_format(count, force_grouping=True)


def _wait(milliseconds: float | None) -> str:
    if milliseconds is None:
        return NOTHING
    if milliseconds >= 10_000:
        return duration(milliseconds / 1000)
    return unbroken(_("%(delay)d ms") % {"delay": milliseconds})
