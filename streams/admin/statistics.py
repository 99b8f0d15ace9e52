"""What the journal says of a stream, day by day: counted in the database."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, F, IntegerField, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from streams.models import Run

PERIODS = (7, 30, 90)
"""Days to choose from, of which today is the last."""

USUAL_PERIOD = 30

GRAINS = ((200, 1), (2_000, 10), (20_000, 100), (200_000, 1_000))
"""Times to first token are counted by these: below so many milliseconds, in steps of so
many. That is never more than a twentieth of the time, and some 700 different ones."""

COARSEST = 10_000


class Fate(models.TextChoices):
    """What became of runs, in the five kinds that a plot can show."""

    COMPLETED = "completed", _("Completed")
    CUT = "cut", _("Cut off")
    MEANT = "meant", _("Ended on purpose")
    FAILED = "failed", _("Failed")
    PLAYING = "playing", _("Playing")


FATES = {
    Run.State.COMPLETED.value: Fate.COMPLETED,
    Run.State.CUT.value: Fate.CUT,
    Run.State.STOPPED.value: Fate.MEANT,
    Run.State.DROPPED.value: Fate.MEANT,
    Run.State.TRUNCATED.value: Fate.MEANT,
    Run.State.FAILED_ON_PURPOSE.value: Fate.MEANT,
    Run.State.REFUSED.value: Fate.MEANT,
    Run.State.PLAYING.value: Fate.PLAYING,
}
"""What each state counts as; any other is a failure."""


@dataclass(slots=True)
class Counts:
    """How many runs there were, on a day or on all of them."""

    states: Counter[str] = field(default_factory=Counter)
    """How many ended in each way, as `Run.state` says it."""
    waits: Counter[int] = field(default_factory=Counter)
    """How many had their first token after so many milliseconds, rounded down."""

    @property
    def runs(self) -> int:
        return self.states.total()

    @property
    def fates(self) -> Counter[Fate]:
        found: Counter[Fate] = Counter()
        for state, count in self.states.items():
            found[FATES.get(state, Fate.FAILED)] += count
        return found

    def wait(self, percent: int) -> int | None:
        """Return the milliseconds within which so many percent had their first token.

        The nearest rank, to within a fortieth; None where no run came so far.
        """
        rank = -(-self.waits.total() * percent // 100)
        for least in sorted(self.waits):
            rank -= self.waits[least]
            if rank <= 0:
                return least + _grain(least) // 2
        return None


@dataclass(slots=True)
class Day(Counts):
    """How many started on a day."""

    on: date = date.min


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A stream's runs in a period."""

    days: Sequence[Day]
    begin: datetime
    whole: Counts


def count_runs(slug: str, days: int) -> Statistics:
    """Count the runs of a stream on the last days, as the active time zone has them.

    Two queries, whose answers are as long as the period, not as the journal: numbers of
    runs by day and state, and by day and rounded time to first token. A run that went
    on with one that was cut off has no time to first token of its own.
    """
    dates, bounds = _calendar(days)
    runs: Any = Run.objects.filter(
        stream=slug, started__gte=bounds[0], started__lt=bounds[-1]
    ).order_by()
    runs = runs.annotate(day=_day(bounds))
    found = [Day(on=day) for day in dates]
    whole = Counts()
    states = runs.with_state().values_list("day", "state_now")
    for day, state, count in states.annotate(count=Count("pk")):
        found[day].states[state] += count
        whole.states[state] += count
    heard = runs.filter(first_chunk_ms__isnull=False, position=0)
    waits = heard.annotate(wait=_rounded("first_chunk_ms")).values_list("day", "wait")
    for day, wait, count in waits.annotate(count=Count("pk")):
        found[day].waits[wait] += count
        whole.waits[wait] += count
    return Statistics(days=found, begin=bounds[0], whole=whole)


def _calendar(days: int) -> tuple[list[date], list[datetime]]:
    """Return the last days, and the midnights around them: one more."""
    now = timezone.now()
    zone = timezone.get_current_timezone() if settings.USE_TZ else None
    today = now.astimezone(zone).date() if zone else now.date()
    first = today - timedelta(days=days - 1)
    dates = [first + timedelta(days=n) for n in range(days + 1)]
    # Days are as long as they are: midnight by midnight, not 24 hours by 24 hours.
    midnights = [datetime.combine(day, time.min, tzinfo=zone) for day in dates]
    return dates[:-1], midnights


def _day(bounds: Sequence[datetime], first: int = 0) -> Any:
    """Return the number of the day on which a run started.

    By halves, so that each run is compared some six times. Databases could cut a time
    down to its date, but SQLite asks Python to do so for every row.
    """
    if len(bounds) == 2:
        return Value(first)
    middle = len(bounds) // 2
    return Case(
        When(started__lt=bounds[middle], then=_day(bounds[: middle + 1], first)),
        default=_day(bounds[middle:], first + middle),
        output_field=IntegerField(),
    )


def _rounded(name: str) -> Case:
    """Return a number of milliseconds, rounded down to its grain."""
    here = F(name)
    cases = [
        When(**{f"{name}__lt": below}, then=here - here % grain if grain > 1 else here)
        for below, grain in GRAINS
    ]
    return Case(*cases, default=here - here % COARSEST, output_field=IntegerField())


def _grain(least: int) -> int:
    return next((grain for below, grain in GRAINS if least < below), COARSEST)
