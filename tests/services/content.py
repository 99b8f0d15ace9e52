"""What the service tests do with Django. Runs in the project's own process."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from streams.admin.statistics import count_runs
from streams.core.directions import Channel
from streams.core.parameters import PARAMETERS
from streams.core.script import Text
from streams.demo import load_demo
from streams.models import ApiKey, Run, Script, Stream, Worker


def prepare() -> list[str]:
    load_demo()
    return list(Stream.objects.values_list("slug", flat=True))


def publish_slow(slug: str) -> str:
    """Publish a stream that waits for a minute between chunks; return a key's secret."""
    script = Script.objects.create(slug=slug, title=slug, body="abcdefghijklmnopqrstuv")
    timing = {"delay_ms": 60_000, "ttft_ms": 0}
    Stream.objects.create(
        slug=slug, title=slug, script=script, published=True, **timing
    )
    return ApiKey.issue("tests", may_control=True)[1]


def bodies() -> dict[str, str]:
    scripts = Script.objects.filter(rendering="literal")
    # A hold would wait for somebody to release it.
    scripts = scripts.exclude(body__contains="stream: hold")
    return {
        script.slug: "".join(
            cue.text
            for cue in script.compile(None).cues
            if isinstance(cue, Text) and cue.channel == Channel.ANSWER
        )
        for script in scripts
    }


def edit(slug: str, body: str) -> None:
    script = Script.objects.get(slug=slug)
    script.body = body
    script.save()


def other_connections() -> list[str]:
    """Return what the database's other sessions last did."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database() AND backend_type = 'client backend'"
        )
        return [query for (query,) in cursor.fetchall()]


def count_runs_of_days() -> tuple[list[object], list[object]]:
    """Return what the database counts of a month of runs, and what is so."""
    now, random = timezone.now(), Random(1)
    worker = Worker.objects.create(
        name="days", host="web", pid=1, started=now, last_seen=now
    )
    Run.objects.bulk_create(
        Run(
            worker=worker,
            number=number,
            stream="days",
            seed=1,
            started=now - timedelta(days=33 * random.random()),
            outcome=random.choice(["", "completed", "cut"]),
            first_chunk_ms=random.choice([None, random.randrange(180)]),
        )
        for number in range(600)
    )
    runs = list(Run.objects.filter(stream="days").select_related("worker"))
    with timezone.override("Asia/Kathmandu"):
        found = count_runs("days", 30).days
        days = [timezone.localdate(run.started) for run in runs]
    of_day = [
        [run for run, day in zip(runs, days, strict=True) if day == one.on]
        for one in found
    ]
    waits = [
        Counter(r.first_chunk_ms for r in those if r.first_chunk_ms is not None)
        for those in of_day
    ]
    states = [Counter(run.state for run in those) for those in of_day]
    worker.delete()
    counted = [(one.on, one.states, one.waits) for one in found]
    return counted, list(zip([d.on for d in found], states, waits, strict=True))


def refused() -> list[str]:
    """Return the fields whose bad values the database itself refuses."""
    pk = Stream.objects.get(slug="greeting").pk
    found = []
    for name in (
        "chunk_size",
        "delay_ms",
        "ttft_ms",
        "jitter_percent",
        "seed",
        "retry_ms",
        "heartbeat_s",
    ):
        try:
            with transaction.atomic():
                highest = PARAMETERS[name].highest
                Stream.objects.filter(pk=pk).update(**{name: highest + 1})
        except IntegrityError:
            found.append(name)
    return found


def save_at_once(slug: str, count: int) -> list[tuple[int, str]]:
    """Save one script from many threads at the same time; return its revisions."""
    pk = Script.objects.get(slug=slug).pk

    def save(number: int) -> None:
        script = Script.objects.get(pk=pk)
        script.body = f"version {number}"
        script.save()
        connection.close()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(save, range(count)))
    revisions = Script.objects.get(pk=pk).revisions.order_by("number")
    return [(revision.number, revision.body) for revision in revisions]
