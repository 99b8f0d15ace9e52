"""The journal: what it records, what it never does, and how it is read."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from streams import journal
from streams.checks import check_settings
from streams.journal import Entry, batches, writer
from streams.journal.writer import Writer
from streams.models import Run, Script, Worker
from tests.app.test_translation import english_of_ours
from tests.processes import ROOT, eventually

# The writer's thread has a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def an_entry(**values):
    about = {
        "run_id": uuid4().hex,
        "stream": "greeting",
        "script": "greeting",
        "revision": "0123456789abcdef",
        "seed": 7,
        "format": "plain",
        "transport": "http",
        "client": "192.0.2.1",
        "started": time.time(),
    }
    return Entry(**about | values)


def finish(entry, outcome="completed", **values):
    """Set what a run knows at its end."""
    for name, value in values.items():
        setattr(entry, name, value)
    entry.outcome, entry.ended = outcome, entry.started + 9


@pytest.fixture
def use(settings):
    """Return a function that changes keys of STREAMS."""
    kept = settings.STREAMS

    def use(**keys):
        settings.STREAMS = kept | {"JOURNAL": True} | keys

    use()
    return use


@pytest.fixture
def notes(use):
    """A writer of the test's own."""
    notes = Writer()
    yield notes
    notes.close(5)


def record(notes, count=1, **values):
    """Have so many runs recorded from beginning to end; return their entries."""
    entries = [an_entry() for _ in range(count)]
    for entry in entries:
        notes.begin(entry)
        finish(entry, **values)
        notes.end(entry)
    assert notes.flush(10)
    return entries


# Recording


def test_a_run_is_recorded_with_all_that_is_known_of_it(notes):
    entry = an_entry(
        agent="OpenAI/Python 3.0",
        rule="the second",
        session="a tester",
        transport="websocket",
        position=5,
        started=1_800_000_000.25,
    )
    notes.begin(entry)
    entry.faults += ["stall after event 1 (script)", "drop after event 2 (fault: x)"]
    finish(entry, first_byte=0.0124, steps=300, bytes=90_000, lateness=0.0031)
    entry.first_chunk = 0.3126
    notes.end(entry)
    assert notes.flush(10)
    [row] = Run.objects.values()
    assert row.pop("id") and row.pop("number")
    [worker] = Worker.objects.all()
    assert row == {
        "worker_id": worker.pk,
        "run_id": entry.run_id,
        "stream": "greeting",
        "script": "greeting",
        "revision": "0123456789abcdef",
        "rule": "the second",
        "session": "a tester",
        "fault": "stall after event 1 (script); drop after event 2 (fault: x)",
        "seed": 7,
        "format": "plain",
        "transport": "websocket",
        "client": "192.0.2.1",
        "agent": "OpenAI/Python 3.0",
        "body": "",
        "position": 5,
        "started": datetime.fromisoformat("2027-01-15 08:00:00.25Z"),
        "first_byte_ms": 12,
        "first_chunk_ms": 313,
        "ended": datetime.fromisoformat("2027-01-15 08:00:09.25Z"),
        "outcome": "completed",
        "steps": 300,
        "bytes": 90_000,
        "lateness_ms": 3,
    }
    assert (worker.pid, worker.playing, worker.dropped) == (os.getpid(), 0, 0)


@pytest.fixture
def changes():
    """Return a function that counts the changes to rows of runs, by SQLite itself."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE changes (n integer)")
        cursor.execute(
            "CREATE TRIGGER noted AFTER UPDATE ON streams_run"
            " BEGIN INSERT INTO changes VALUES (1); END"
        )

    def count():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM changes")
            return cursor.fetchone()[0]

    yield count
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER noted")
        cursor.execute("DROP TABLE changes")


def test_what_ends_in_the_batch_it_began_in_is_written_once(notes, changes):
    record(notes, 250)
    assert (Run.objects.count(), changes()) == (250, 0)


def test_a_longer_run_has_one_row_too_which_is_brought_up_to_date(
    notes, changes, monkeypatch
):
    monkeypatch.setattr(batches, "SEEN_EVERY", 0)
    monkeypatch.setattr(writer, "INTERVAL", 60)
    entry = an_entry()
    notes.begin(entry)
    assert notes.flush(10)
    row = Run.objects.get()
    assert (row.outcome, row.ended, row.steps, row.state) == ("", None, 0, "playing")
    assert Worker.objects.get().playing == 1

    entry.steps, entry.bytes, entry.first_byte = 10, 4000, 0.2
    assert notes.flush(10)
    row = Run.objects.get()
    assert (row.steps, row.bytes, row.first_byte_ms) == (10, 4000, 200)
    assert row.state == "playing"

    finish(entry, steps=12, bytes=5000)
    notes.end(entry)
    assert notes.flush(10)
    row = Run.objects.get()
    assert (row.steps, row.bytes, row.state) == (12, 5000, "completed")
    assert Worker.objects.get().playing == 0
    assert changes() == 2


def test_of_many_that_play_some_are_brought_up_to_date_in_turn(notes, monkeypatch):
    monkeypatch.setattr(batches, "SEEN_EVERY", 0)
    monkeypatch.setattr(writer, "INTERVAL", 60)
    monkeypatch.setattr(batches, "MOST_REFRESHED", 2)
    entries = [an_entry() for _ in range(5)]
    for entry in entries:
        notes.begin(entry)
    assert notes.flush(10)
    for entry in entries:
        entry.steps = 1
    told = []
    for _ in range(3):
        assert notes.flush(10)
        told.append(Run.objects.filter(steps=1).count())
    assert told == [2, 3, 5]
    assert Worker.objects.get().playing == 5


def test_a_run_that_is_played_again_under_its_id_has_a_row_for_each(notes):
    for _ in range(2):
        entry = an_entry(run_id="f" * 32)
        notes.begin(entry)
        finish(entry)
        notes.end(entry)
    assert notes.flush(10)
    assert Run.objects.filter(run_id="f" * 32).count() == 2


def test_an_end_without_a_beginning_or_a_second_one_is_nothing(notes):
    [entry] = record(notes)
    entry.outcome = "failed"
    notes.end(entry)
    notes.end(an_entry())
    assert notes.flush(10)
    assert Run.objects.get().outcome == "completed"


def test_nothing_is_recorded_in_a_test_runner_unless_that_is_wanted(use):
    notes = Writer()
    for chosen in (None, False):
        use(JOURNAL=chosen)
        entry = an_entry()
        notes.begin(entry)
        notes.end(entry)
        assert notes.flush(1)
    assert not Worker.objects.exists()
    with override_settings(STREAMS={}):
        journal.begin(entry)
        journal.end(entry)
        assert journal.flush(1)
    assert not Run.objects.exists()


def test_bodies_are_kept_only_as_far_as_the_site_wants(notes, use):
    for most, kept in ((0, ""), (10, "x" * 10)):
        use(JOURNAL_BODIES=most)
        entry = an_entry(body="x" * 100)
        notes.begin(entry)
        finish(entry)
        notes.end(entry)
        assert notes.flush(10)
        assert Run.objects.get(run_id=entry.run_id).body == kept


def test_no_column_could_hold_a_credential():
    """Neither the entry nor its row has a place for headers, cookies or the query."""
    fields = set(Entry.__dataclass_fields__) | {f.name for f in Run._meta.get_fields()}
    telling = ("header", "auth", "key", "token", "cookie", "query", "url", "path")
    assert not {name for name in fields if any(word in name for word in telling)}


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("agent", "a\0b\ud800c", "a\N{REPLACEMENT CHARACTER}b?c"),
        ("agent", "x" * 5000, "x" * 200),
        ("client", "", ""),
        ("rule", "两行\nlong", "两行\nlong"),
        ("seed", 2**53 - 1, 2**53 - 1),
        ("position", 2**40, 2**31 - 1),
    ],
)
def test_whatever_a_client_sends_can_be_stored(notes, field, value, stored):
    entry = an_entry(**{field: value})
    notes.begin(entry)
    finish(entry, first_byte=1e9, lateness=-1.0)
    notes.end(entry)
    assert notes.flush(10)
    row = Run.objects.get()
    assert getattr(row, field) == stored
    assert (row.first_byte_ms, row.lateness_ms) == (2**31 - 1, 0)


@override_settings(USE_TZ=False)
def test_a_site_without_time_zones_has_a_journal_too(notes):
    record(notes)
    [run] = Run.objects.all()
    assert run.started.tzinfo is None
    assert (run.ended - run.started).total_seconds() == 9


# When something is wrong


def test_what_the_database_will_never_take_stops_nothing_else(notes, caplog):
    entry = an_entry(seed=2**70)
    notes.begin(entry)
    assert notes.flush(10)
    assert notes.dropped == 1
    assert f"A run that cannot be recorded: {entry.run_id}." in caplog.text
    caplog.clear()
    record(notes)
    assert Run.objects.get().seed == 7


def test_what_is_refused_keeps_no_other_out(notes):
    entries = [an_entry(seed=2**70 if n == 3 else n) for n in range(8)]
    for entry in entries:
        notes.begin(entry)
    assert notes.flush(10)
    assert notes.dropped == 1
    seeds = set(Run.objects.values_list("seed", flat=True))
    assert seeds == {0, 1, 2, 4, 5, 6, 7}


def test_more_is_deleted_than_written_and_to_the_end(notes, use, monkeypatch):
    """Or a load that lasts would let the table grow."""
    for module in ("models.run", "journal.rows", "journal.batches"):
        monkeypatch.setattr(f"streams.{module}.MOST_PRUNED", 3)
    use(JOURNAL_ROWS=5)
    for _ in range(30):
        entry = an_entry()
        notes.begin(entry)
        finish(entry)
        notes.end(entry)
    assert notes.flush(10)
    deadline = time.monotonic() + 10
    while Run.objects.count() > 5 and time.monotonic() < deadline:
        notes.flush(1)
    assert Run.objects.count() == 5


def test_a_database_that_is_busy_is_waited_for_and_no_stream_notices(notes, caplog):
    entries = [an_entry() for _ in range(20)]
    with transaction.atomic():
        # From here on, SQLite lets nobody else write.
        Script.objects.create(slug="s", title="S", body="x")
        for entry in entries:
            notes.begin(entry)
        assert not notes.flush(0.3)
        for entry in entries[:10]:
            finish(entry)
            notes.end(entry)
        assert not notes.flush(0.3)
    assert notes.flush(10)
    assert Run.objects.filter(outcome="completed").count() == 10
    assert Run.objects.in_state(Run.State.PLAYING).count() == 10
    # Once, however often it was tried.
    assert caplog.text.count("The journal cannot be written") == 1
    assert caplog.text.count("The journal is written again") == 1


def test_no_more_wait_than_there_is_room_for_and_the_rest_is_counted(
    notes, use, caplog
):
    use(JOURNAL_QUEUE=3)
    entries = [an_entry() for _ in range(5)]
    with transaction.atomic():
        Script.objects.create(slug="s", title="S", body="x")
        for entry in entries:
            notes.begin(entry)
        for entry in entries:
            finish(entry)
            notes.end(entry)
        assert notes.dropped == 2
    assert notes.flush(10)
    # None of them is left as if it played for ever.
    kept = {entry.run_id for entry in entries[:3]}
    assert set(Run.objects.values_list("run_id", flat=True)) == kept
    assert not Run.objects.exclude(outcome="completed").exists()
    assert "Runs that the journal lacks: 2." in caplog.text
    record(notes)
    assert Worker.objects.get().dropped == 2


def test_a_worker_whose_row_was_deleted_makes_another(notes):
    record(notes)
    Worker.objects.all().delete()
    record(notes)
    assert Run.objects.get().worker == Worker.objects.get()


# The thread


def test_a_process_that_plays_nothing_has_no_thread_for_it(notes, monkeypatch):
    monkeypatch.setattr(writer, "LINGER", 0.01)
    for _ in range(20):
        record(notes)

        def gone():
            assert notes._thread is None

        eventually(gone, interval=0.001)
    assert Run.objects.count() == 20


IN_A_PROCESS = """
import os, sys, time, uuid
import django
django.setup()
from django.core.management import call_command
from django.db import connections
from streams.journal import Entry, begin, end, flush

def entry():
    return Entry(
        run_id=uuid.uuid4().hex, stream="s", script="s", revision="0", seed=1,
        format="plain", transport="http", client="", started=time.time(),
    )

call_command("migrate", verbosity=0)
connections.close_all()
"""

FORKS = """
begin(first := entry())
pid = os.fork()
if not pid:
    # What the parent began, it ends.
    first.outcome = "failed"
    end(first)
    begin(second := entry())
    second.outcome, second.ended = "cut", time.time()
    end(second)
    os._exit(0 if flush() else 1)
assert os.waitpid(pid, 0)[1] == 0
first.outcome, first.ended = "completed", time.time()
end(first)
assert flush()
"""

ENDS = """
begin(first := entry())
first.outcome, first.ended = "completed", time.time()
end(first)
begin(entry())
"""


@pytest.fixture
def run_in_a_process(tmp_path):
    """Return a function that runs code, and returns (pid, stopped, outcome) of runs."""

    def run(code):
        database = tmp_path / "db.sqlite3"
        subprocess.run(
            [sys.executable, "-c", IN_A_PROCESS + code],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": f"sqlite:///{database}"},
            check=True,
            timeout=60,
        )
        listing = (
            "import django; django.setup(); import json\n"
            "from streams.models import Run\n"
            "print(json.dumps([(r.worker.pid, bool(r.worker.stopped), r.outcome)"
            " for r in Run.objects.order_by('started')]))"
        )
        listed = subprocess.run(
            [sys.executable, "-c", listing],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": f"sqlite:///{database}"},
            check=True,
            capture_output=True,
        )
        return json.loads(listed.stdout)

    return run


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_keeps_a_journal_of_its_own(run_in_a_process):
    first, second = run_in_a_process(FORKS)
    assert (first[2], second[2]) == ("completed", "cut")
    assert first[0] != second[0]


def test_the_end_of_a_process_writes_all_that_is_left(run_in_a_process):
    first, second = run_in_a_process(ENDS)
    assert first[1:] == [True, "completed"]
    assert second[1:] == [True, "ended by the server's stop"]


# Pruning


def test_what_is_too_old_is_deleted_and_what_is_too_much(make_run, notes, use):
    now = timezone.now()
    for days in range(10):
        make_run(started=now - timedelta(days=9.5 - days), stream=f"{9 - days}-days")
    use(JOURNAL_DAYS=7)
    assert Run.objects.prune() == 3
    use(JOURNAL_ROWS=4)
    assert Run.objects.prune() == 3
    assert Run.objects.prune() == 0
    left = [f"{days}-days" for days in range(4)]
    assert sorted(Run.objects.values_list("stream", flat=True)) == left
    # The writer does it by itself.
    record(notes)
    assert Run.objects.count() == 4


def test_no_more_is_deleted_at_once_than_a_piece(make_run, worker, use, monkeypatch):
    monkeypatch.setattr("streams.models.run.MOST_PRUNED", 3)
    use(JOURNAL_ROWS=1)
    for _ in range(6):
        make_run()
    assert [Run.objects.prune() for _ in range(3)] == [3, 2, 0]


def test_workers_go_with_the_last_of_their_runs(make_run, worker):
    Worker.objects.update(last_seen=timezone.now() - timedelta(days=2))
    run = make_run()
    Worker.objects.prune()
    assert Worker.objects.exists()
    run.delete()
    Worker.objects.prune()
    assert not Worker.objects.exists()


# What plays, and what is lost


@pytest.mark.parametrize(
    ("silence", "stopped", "outcome", "state"),
    [
        (1, False, "", "playing"),
        (1, False, "completed", "completed"),
        (1, False, "ended at the limit", "ended at the limit"),
        (60, False, "", "lost"),
        (60, True, "", "ended by the server's stop"),
        (60, True, "ended by the server's stop", "ended by the server's stop"),
        (60, False, "cut", "cut"),
    ],
)
def test_the_state_of_a_run_is_what_its_worker_allows(
    make_run, silence, stopped, outcome, state
):
    seen = timezone.now() - timedelta(seconds=silence)
    Worker.objects.update(last_seen=seen, stopped=seen if stopped else None)
    make_run(outcome=outcome)
    assert Run.objects.get().state == state
    found = [s for s in Run.State.values if Run.objects.in_state(s).exists()]
    assert found == [state]


@pytest.mark.parametrize(
    ("silence", "stopped", "playing", "state"),
    [
        (1, False, 0, "running"),
        (60, False, 0, "quiet"),
        (60, False, 3, "lost"),
        (60, True, 3, "stopped"),
    ],
)
def test_the_state_of_a_worker(worker, silence, stopped, playing, state):
    seen = timezone.now() - timedelta(seconds=silence)
    worker.last_seen, worker.playing = seen, playing
    worker.stopped = seen if stopped else None
    assert worker.state == state


# The admin


@pytest.fixture
def reader(client):
    """Sign in somebody who may read the journal, and nothing else."""
    user = User.objects.create(username="mei", is_staff=True)
    names = ["view_run", "view_worker"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return user


def page(client, name="run_changelist", *args, **query):
    url = reverse(f"admin:streams_{name}", args=args)
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def test_the_list_tells_what_was_played_to_whom(client, reader, make_run):
    started = datetime.fromisoformat("2026-05-06 07:08:09Z")
    make_run(
        started=started,
        ended=started + timedelta(seconds=65),
        steps=1234,
        bytes=2048,
        first_byte_ms=12,
        lateness_ms=3,
        format="openai-chat",
        outcome="cut",
    )
    with timezone.override(UTC):
        text = page(client)
    for said in (
        "Cut off",
        "greeting@0123456",
        "2026-05-06 07:08:09",
        "1 min 05 s",
        "1,234",
        "2.0 KB",
        "12 ms",
        "3 ms",
        "openai-chat",
        "HTTP stream",
        "192.0.2.1",
    ):
        assert said in text, said


def test_what_plays_now_is_a_click_away(client, reader, make_run, worker):
    make_run(stream="playing", outcome="", started=timezone.now())
    make_run(stream="done")
    other = Worker.objects.create(
        name="web:2:0",
        host="web",
        pid=2,
        started=timezone.now(),
        last_seen=timezone.now() - timedelta(minutes=1),
    )
    make_run(stream="gone", outcome="", worker=other)

    def listed(**query):
        text = page(client, **query).partition('id="result_list"')[2]
        text = text.partition("changelist-filter")[0]
        return {name for name in ("playing", "done", "gone") if f">{name}</a>" in text}

    assert listed() == {"playing", "done", "gone"}
    assert listed(state="playing") == {"playing"}
    assert "so far" in page(client, state="playing")
    assert listed(state="lost") == {"gone"}
    assert listed(state="completed") == {"done"}
    assert listed(worker=other.pk) == {"gone"}
    assert listed(worker="x") == {"playing", "done", "gone"}
    assert listed(stream="done") == {"done"}
    assert listed(q=Run.objects.get(stream="done").run_id) == {"done"}
    assert listed(q="0" * 32) == set()
    assert listed(q="192.0.2") == {"playing", "done", "gone"}


def test_nobody_writes_a_journal_by_hand(client, reader, admin_user, make_run):
    run = make_run()
    add = reverse("admin:streams_run_add")
    change = reverse("admin:streams_run_change", args=[run.pk])
    delete = reverse("admin:streams_run_delete", args=[run.pk])
    assert client.get(add).status_code == 403
    assert run.run_id in page(client, "run_change", run.pk)
    assert client.post(change, {"stream": "x"}).status_code == 403
    assert client.post(delete, {"post": "yes"}).status_code == 403
    client.force_login(admin_user)
    assert client.get(add).status_code == 403
    assert client.post(change, {"stream": "x"}).status_code == 403
    workers = reverse("admin:streams_worker_add")
    assert client.get(workers).status_code == 403
    assert client.post(delete, {"post": "yes"}).status_code == 302
    assert not Run.objects.exists()


def test_without_the_permission_there_is_nothing_to_read(client, make_run):
    client.force_login(User.objects.create(username="ann", is_staff=True))
    run = make_run()
    for name, args in (("run_changelist", []), ("run_change", [run.pk])):
        url = reverse(f"admin:streams_{name}", args=args)
        assert client.get(url).status_code == 403


class Counter:
    """Counts queries."""

    def __init__(self):
        self.count = 0

    def __call__(self, execute, *arguments):
        self.count += 1
        return execute(*arguments)


def test_a_longer_list_takes_no_more_queries(client, reader, make_run):
    counts = []
    for _ in range(2):
        for number in range(15):
            now = timezone.now()
            worker = Worker.objects.create(
                name=f"{uuid4()}", host="web", pid=number, started=now, last_seen=now
            )
            make_run(worker=worker, outcome="")
        with connection.execute_wrapper(counter := Counter()):
            page(client)
        counts.append(counter.count)
    assert counts[0] == counts[1]


def test_workers_tell_when_they_were_last_seen(client, reader, worker):
    now = timezone.now()
    ages = {"3 s": 3, "5 min": 300, "3 h": 3 * 3600, "4 days": 4 * 86400}
    Worker.objects.all().delete()
    for number, seconds in enumerate(ages.values()):
        seen = now - timedelta(seconds=seconds + 0.2)
        Worker.objects.create(
            name=f"web:{number}:0",
            host="web",
            pid=number,
            started=seen,
            last_seen=seen,
            playing=12,
        )
    text = page(client, "worker_changelist")
    for age in ages:
        assert f">{age} ago<" in text
    # Only who is heard of is believed to play.
    assert text.count('class="field-plays">12<') == 1
    assert "Running" in text and "Lost" in text


def test_the_list_says_what_it_lacks(client, reader, make_run, worker, use):
    assert "not complete" not in page(client)
    assert "switched off" not in page(client)
    Worker.objects.update(dropped=1204)
    assert "not complete: 1204 runs could not be recorded" in page(client)
    use(JOURNAL=False)
    assert "The journal is switched off" in page(client)


def test_a_stream_has_a_link_to_its_runs(client, admin_user, make_stream):
    stream = make_stream()
    client.force_login(admin_user)
    link = reverse("admin:streams_run_changelist") + "?stream=hello"
    assert link in page(client, "stream_change", stream.pk)
    editor = User.objects.create(username="mei", is_staff=True)
    editor.user_permissions.add(Permission.objects.get(codename="view_stream"))
    client.force_login(editor)
    assert link not in page(client, "stream_change", stream.pk)


def test_the_journal_speaks_chinese(client, reader, make_run, worker):
    worker.host, worker.dropped = "网", 3
    worker.save()
    for state in Run.State.values:
        outcome = "" if state in ("playing", "lost") else state
        run = make_run(outcome=outcome, stream="潮汐", script="潮汐", format="流")
    paths = [
        *("run_changelist", "worker_changelist"),
        *(("run_change", run.pk), ("worker_change", worker.pk)),
    ]
    for path in paths:
        name, *args = [path] if isinstance(path, str) else path
        url = reverse(f"admin:streams_{name}", args=args)
        text = client.get(url, headers={"accept-language": "zh-hans"}).content.decode()
        assert 'lang="zh-hans"' in text
        assert not english_of_ours(text), url


# From a shell


def test_runs_are_listed_in_a_shell(make_run, capsys):
    make_run(stream="one", started=timezone.now() - timedelta(seconds=1))
    make_run(stream="two", outcome="")
    call_command("streams", "runs")
    last, first = capsys.readouterr().out.splitlines()
    assert "  playing  two  " in last
    assert "  completed  one  " in first
    call_command("streams", "runs", "--live", "--json")
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["stream"] == "two"


def test_pruning_can_be_done_from_a_shell(make_run, use, capsys, monkeypatch):
    monkeypatch.setattr("streams.models.run.MOST_PRUNED", 2)
    for _ in range(5):
        make_run()
    use(JOURNAL_ROWS=1)
    call_command("streams", "prune")
    assert capsys.readouterr().out == "Deleted 4 runs.\n"


# Settings


@pytest.mark.parametrize(
    ("value", "expected", "hint"),
    [
        ({"JOURNAL": "yes"}, "streams.E007", "Use True or False, or leave it out."),
        ({"JOURNAL_DAYS": 0}, "streams.E005", "Use a whole number above 0."),
        ({"JOURNAL_ROWS": None}, "streams.E005", "Use a whole number above 0."),
        ({"JOURNAL_QUEUE": "x"}, "streams.E005", "Use a whole number above 0."),
        ({"JOURNAL_BODIES": -1}, "streams.E005", "Use a whole number."),
    ],
)
def test_bad_settings_are_errors(value, expected, hint):
    with override_settings(STREAMS=value):
        [error] = check_settings(None)
    assert (error.id, error.hint) == (expected, hint)


def test_good_settings_are_none():
    with override_settings(STREAMS={"JOURNAL": False, "JOURNAL_BODIES": 0}):
        assert check_settings(None) == []
