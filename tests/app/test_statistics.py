"""A stream's statistics: counted by the database as a person would by hand."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from math import ceil
from random import Random
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone

from streams.admin.plot import round_top
from streams.admin.statistics import FATES, Counts, count_runs
from streams.models import Run, Worker
from tests.app.test_translation import english_of_ours

pytestmark = pytest.mark.django_db

ENDED = [s.value for s in Run.State if s not in (Run.State.PLAYING, Run.State.LOST)]


@pytest.fixture
def make_run(make_run):
    return partial(make_run, stream="hello")


@pytest.fixture
def viewer(client):
    """Sign in somebody who may view streams and runs, and nothing else."""
    user = User.objects.create(username="vera", is_staff=True)
    names = ["view_stream", "view_run"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return user


def page(client, stream, status=200, language="en", **query):
    url = reverse("admin:streams_stream_statistics", args=[stream.pk])
    response = client.get(url, query, headers={"accept-language": language})
    assert response.status_code == status
    return response.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def nearest_rank(values, percent):
    return sorted(values)[ceil(len(values) * percent / 100) - 1] if values else None


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("Asia/Kathmandu", "2026-11-10 12:00Z"),
        # A day of 25 hours, and one that begins at one o'clock.
        ("America/New_York", "2026-11-10 03:00Z"),
        ("America/Santiago", "2026-09-20 12:00Z"),
        ("UTC", "2026-03-01 00:00Z"),
    ],
)
def test_days_are_those_of_the_zone_whatever_their_length(
    make_run, monkeypatch, zone, now, django_assert_num_queries
):
    now, here = datetime.fromisoformat(now), ZoneInfo(zone)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    Worker.objects.update(last_seen=now)
    random = Random(zone)
    midnight = now.astimezone(here).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [now - timedelta(days=35 * random.random()) for _ in range(150)]
    for days in range(33):
        # Midnight on the clock of that place, however long the days between are.
        at = (midnight - timedelta(days=days)).astimezone(UTC)
        starts += [at, at - timedelta(microseconds=1)]
    runs = [
        make_run(
            started=started,
            outcome=random.choice(["", *ENDED]),
            first_chunk_ms=random.choice([None, int(random.expovariate(1 / 900))]),
            position=random.choice([0, 0, 0, 7]),
        )
        for started in starts
    ]
    make_run(stream="other")
    with timezone.override(here), django_assert_num_queries(2):
        found = count_runs("hello", 30)
    today = now.astimezone(here).date()
    assert [day.on for day in found.days] == [
        today - timedelta(days=29 - n) for n in range(30)
    ]
    for day in found.days:
        those = [run for run in runs if run.started.astimezone(here).date() == day.on]
        assert day.states == Counter(run.state for run in those), day.on
        waits = [r.first_chunk_ms for r in those if not r.position]
        waits = [wait for wait in waits if wait is not None]
        for percent in (50, 95):
            exact = nearest_rank(waits, percent)
            assert (
                day.wait(percent) == pytest.approx(exact, rel=0.025)
                if waits
                else (day.wait(percent) is None)
            )
    assert found.whole.runs == sum(day.runs for day in found.days)
    assert found.whole.waits.total() == sum(d.waits.total() for d in found.days)


def test_every_state_is_counted_as_it_is_told(make_run):
    """By the database in one go, and by the rows themselves."""
    now = timezone.now()
    workers = [
        Worker.objects.create(name=f"{n}", host="web", pid=n, started=now, **about)
        for n, about in enumerate(
            [
                {"last_seen": now},
                {"last_seen": now - timedelta(minutes=1)},
                {"last_seen": now - timedelta(minutes=1), "stopped": now},
                {"last_seen": now, "stopped": now},
            ]
        )
    ]
    for worker in workers:
        make_run(worker=worker, outcome="")
    for outcome in ENDED:
        make_run(outcome=outcome)
    for run in Run.objects.with_state():
        assert run.state_now == run.state
    # One that no version knows any more is none that went well.
    assert Counts(states=Counter(["odd"])).fates == {"failed": 1}
    assert set(FATES) < set(Run.State.values)


def test_the_page_shows_in_figures_what_it_draws(client, viewer, make_run, make_stream):
    stream = make_stream()
    now = timezone.now()
    for days, count, outcome in ((0, 3, "completed"), (0, 1, "cut"), (2, 2, "failed")):
        for _ in range(count):
            started = now - timedelta(days=days)
            make_run(started=started, outcome=outcome, first_chunk_ms=100 * (days + 1))
    make_run(outcome="dropped on purpose", started=now - timedelta(days=60))
    with timezone.override(UTC):
        text = page(client, stream)
    today = now.astimezone(UTC).date()
    table = text.partition('class="statistics-days"')[2].partition("</table>")[0]
    rows = [
        [cell.text for cell in row]
        for row in ElementTree.fromstring(
            f"<table {table}</table>".replace("&nbsp;", " ")
        ).iter("tr")
    ]
    assert rows[1:] == [
        [f"{today}", "4", "3", "0", "1", "0", "100 ms", "100 ms"],
        [f"{today - timedelta(days=2)}", "2", "0", "0", "0", "2", "305 ms", "305 ms"],
        ["All", "6", "3", "0", "1", "2", "100 ms", "305 ms"],
    ]
    # The drawing: a part of a bar for each of them, as high as it is often.
    drawn = text.partition('class="plot-drawing"')[2].partition("</svg>")[0]
    for fate, x, y, height in (
        ("failed", "27.1", "60", "40"),
        ("completed", "29.1", "40", "60"),
        ("cut", "29.1", "20", "20"),
    ):
        bar = f'class="fate-{fate}" x="{x}" y="{y}" width="0.8" height="{height}"'
        assert bar in drawn
    assert "Runs a day: 4 at most." in drawn
    assert 'style="' not in text.partition('id="content-main"')[2]
    link = reverse("admin:streams_run_changelist") + "?stream=hello&state=failed"
    assert link in unescape(text)
    [address] = {a for a in unescape(text).split('"') if a.startswith(link)}
    user_permissions = Permission.objects.filter(codename="view_worker")
    viewer.user_permissions.add(*user_permissions)
    assert client.get(address).context["cl"].result_count == 2

    assert "dropped on purpose" not in text.lower()
    assert "Dropped on purpose" in page(client, stream, days=90)
    assert 'href="?days=30" aria-current="page"' in page(client, stream, days="x")
    assert "keeps runs for 30 days" in page(client, stream, days=90)


def test_without_runs_it_says_when_there_will_be_something(
    client, viewer, make_stream, settings
):
    settings.STREAMS = settings.STREAMS | {"JOURNAL": True}
    stream = make_stream()
    text = page(client, stream, days=7)
    assert "Nobody has played this stream in the last 7 days. A second after" in text
    assert reverse("streams:stream", args=["hello"]) in text
    assert "<svg" not in text.partition('id="content-main"')[2].partition("footer")[0]
    settings.STREAMS = settings.STREAMS | {"JOURNAL": False}
    assert "The journal is switched off" in page(client, stream)


def test_only_those_see_it_who_may_see_streams_and_runs(client, viewer, make_stream):
    stream = make_stream()
    address = reverse("admin:streams_stream_statistics", args=[stream.pk])
    change = reverse("admin:streams_stream_change", args=[stream.pk])
    listing = reverse("admin:streams_stream_changelist")
    for url in (change, listing):
        assert address in client.get(url).content.decode()
    assert client.post(address).status_code == 405
    for missing in ("view_run", "view_stream"):
        names = {"view_run", "view_stream"} - {missing}
        kept = Permission.objects.filter(codename__in=names)
        viewer.user_permissions.set(kept)
        page(client, stream, 403)
    viewer.user_permissions.set(Permission.objects.filter(codename="view_stream"))
    for url in (change, listing):
        assert address not in client.get(url).content.decode()
    missing = reverse("admin:streams_stream_statistics", args=[0])
    assert client.get(missing).status_code == 404


def test_it_speaks_chinese(client, viewer, make_run, make_stream):
    stream = make_stream(title="潮汐")
    for state in ENDED:
        make_run(outcome=state, first_chunk_ms=20_000)
    make_run(outcome="")
    for query in ({}, {"days": 90}):
        text = page(client, stream, language="zh-hans", **query)
        assert not english_of_ours(text)


def test_the_top_of_a_plot_is_round_and_not_too_high():
    for most in (0, 1, 2, 3, 7, 10, 11, 60, 199, 1001, 12345):
        top = round_top(most)
        assert max(most, 1) <= top <= max(2.5 * most, 1)
        assert top / 10 ** (len(str(top)) - 1) in (1, 2, 5)
