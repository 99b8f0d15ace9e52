"""What the journal's database holds; asked in the project's own process."""

from datetime import timedelta

from django.db import connection
from django.db.models import F

from streams.models import Run, Worker


def states(run_ids: list[str], *, later: bool = False) -> dict[str, str]:
    """Return what the journal says of each run that it has.

    `later` is when silent workers are believed to be gone.
    """
    if later:
        Worker.objects.update(last_seen=F("last_seen") - timedelta(minutes=1))
    runs = Run.objects.filter(run_id__in=run_ids).select_related("worker")
    return {run.run_id: str(run.state) for run in runs}


def rows(run_ids: list[str]) -> list[dict[str, object]]:
    """Return all that is kept of runs."""
    return list(Run.objects.filter(run_id__in=run_ids).values())


def rows_of(slug: str) -> list[dict[str, object]]:
    """Return all that is kept of a stream's runs."""
    return list(Run.objects.filter(stream=slug).values())


def playing_on(run_ids: list[str]) -> dict[int, int]:
    """Return how many of the runs play now, by their worker's process."""
    playing = Run.objects.in_state(Run.State.PLAYING).filter(run_id__in=run_ids)
    found: dict[int, int] = {}
    for pid in playing.values_list("worker__pid", flat=True):
        found[pid] = found.get(pid, 0) + 1
    return found


def workers(pids: list[int]) -> dict[int, tuple[str, int]]:
    """Return what workers say of themselves: state, and streams that play."""
    found = Worker.objects.filter(pid__in=pids)
    return {worker.pid: (str(worker.state), worker.playing) for worker in found}


def rename_table(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")
