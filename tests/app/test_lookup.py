"""Streams are looked up once a moment, and nobody sees an old one."""

import math
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from streams.core.hurry import NotNow, hurry
from streams.core.hurry import _hurry as hurrying
from streams.models import Rule, Script, Stream
from streams.preparing import lookup
from streams.preparing.lookup import FRESH, stream_by_slug
from streams.preparing.questions import Questions

committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """A clock that stands still until a test sets it."""
    now = SimpleNamespace(time=1000.0)
    monkeypatch.setattr(lookup, "time", SimpleNamespace(monotonic=lambda: now.time))
    lookup._found.clear()
    yield now
    lookup._found.clear()


class Later:
    """A thread in the background that works when a test says so."""

    def __init__(self):
        self.todo = []
        self.do = self.todo.append

    def work(self):
        todo, self.todo[:] = list(self.todo), []
        for work in todo:
            was, hurrying.on = hurrying.on, False
            work()
            hurrying.on = was


@pytest.fixture
def background(monkeypatch):
    later = Later()
    monkeypatch.setattr(lookup, "background", later)
    return later


def said(slug="hello"):
    stream = stream_by_slug(slug)
    return stream and stream.script.body


def titles():
    return [rule.title for rule in stream_by_slug("hello").rule_specs]


@committed
def test_it_asks_the_database_once_a_moment(make_stream, now):
    make_stream("abc")
    with CaptureQueriesContext(connection) as queries:
        assert {said() for _ in range(10)} == {"abc"}
        assert len(queries) == 1
        now.time += FRESH * 1.01
        assert said() == "abc"
        assert len(queries) == 2


@committed
def test_what_is_at_hand_can_be_had_in_a_hurry(make_stream, now, background):
    make_stream("abc")
    with hurry(), pytest.raises(NotNow):
        said()
    said()
    with hurry():
        assert said() == "abc"
        now.time += FRESH * 1.01
        with pytest.raises(NotNow):
            said()
        # That one goes and looks; the others do not wait for it, but not for long.
        assert said() == "abc"
        now.time += FRESH * 1.01
        with pytest.raises(NotNow):
            said()
    assert not background.todo


@committed
def test_a_look_in_the_background_is_not_waited_for_but_not_for_long(
    make_stream, now, background
):
    make_stream("abc")
    said()
    with hurry():
        now.time += FRESH * 0.49
        assert said() == "abc"
        assert not background.todo
        now.time += FRESH * 0.02
        assert said() == said() == "abc"
        assert len(background.todo) == 1
        now.time += FRESH * 1.48
        assert said() == "abc"
        now.time += FRESH * 0.02
        with pytest.raises(NotNow):
            said()


@committed
def test_a_stream_that_is_asked_for_all_the_time_is_never_waited_for(
    make_stream, now, background
):
    make_stream("abc")
    said()
    with hurry():
        for _ in range(20):
            now.time += FRESH * 0.6
            assert said() == "abc"
            background.work()


@committed
@pytest.mark.parametrize("moments", [0, 1, 2, 3])
def test_a_look_in_the_background_sees_what_another_process_saves(
    make_stream, now, background, moments
):
    """Whether it looks for the first time or has questions and answers already."""
    stream = make_stream("abc")
    said()
    with hurry():
        for _ in range(moments):
            now.time += FRESH * 0.6
            said()
            background.work()
        Script.objects.update(body="new")
        now.time += FRESH * 0.6
        assert said() == "abc"
        background.work()
        assert said() == "new"
        stream.rules.bulk_create([Rule(stream=stream, title="first")])
        now.time += FRESH * 0.6
        said()
        background.work()
        assert titles() == ["first"]
        Rule.objects.update(title="other")
        now.time += FRESH * 0.6
        said()
        background.work()
        assert titles() == ["other"]
        for model in (Rule, Stream):
            model.objects.all()._raw_delete("default")
        now.time += FRESH * 0.6
        said()
        background.work()
        with pytest.raises(NotNow):
            said()


@committed
def test_what_has_not_changed_is_asked_for_and_made_once(make_stream, now, background):
    make_stream("abc")
    said()
    rows = []
    with hurry(), CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            now.time += FRESH * 0.6
            said()
            background.work()
            rows.append(stream_by_slug("hello"))
        # What the answers belong to is known the third time.
        assert len({id(row) for row in rows[1:]}) == 1
        count = len(queries)
        now.time += FRESH * 0.6
        said()
        background.work()
        assert len(queries) == count + 1


@committed
def test_a_change_between_question_and_row_is_seen_the_next_time(
    make_stream, now, background, monkeypatch
):
    make_stream("abc")
    said()
    ask_again = Questions.ask_again

    def ask_and_be_overtaken(questions):
        answers = ask_again(questions)
        Script.objects.update(body="overtaken")
        return answers

    with hurry():
        now.time += FRESH * 0.6
        said()
        background.work()
        monkeypatch.setattr(Questions, "ask_again", ask_and_be_overtaken)
        now.time += FRESH * 0.6
        said()
        background.work()
        monkeypatch.setattr(Questions, "ask_again", ask_again)
        now.time += FRESH * 0.6
        said()
        background.work()
        assert said() == "overtaken"


@committed
def test_what_this_process_saves_is_seen_at_once(make_stream):
    stream = make_stream("abc")
    assert said() == "abc"
    stream.script.body = "new"
    stream.script.save()
    assert said() == "new"
    assert stream_by_slug("hello").delay_ms == 0
    stream.delay_ms = 70
    stream.save()
    assert stream_by_slug("hello").delay_ms == 70
    stream.delete()
    assert said() is None
    make_stream("again")
    assert said() == "new"  # the script is still there


@committed
def test_what_another_process_saves_is_seen_after_a_moment(make_stream, now):
    """A bulk update tells nobody, as another process does not."""
    make_stream("abc")
    assert said() == "abc"
    Script.objects.update(body="new")
    assert said() == "abc"
    now.time += FRESH * 0.99
    assert said() == "abc"
    now.time += FRESH * 0.02
    assert said() == "new"


@committed
def test_a_stream_that_is_not_there_is_looked_for_each_time(make_stream):
    assert said() is None
    make_stream("abc")
    assert said() == "abc"


@committed
def test_what_is_rolled_back_has_never_been(make_stream):
    stream = make_stream("abc")
    assert said() == "abc"
    with pytest.raises(LookupError), transaction.atomic():
        stream.script.body = "never"
        stream.script.save()
        assert said() == "never"
        Stream.objects.create(slug="other", script=stream.script, published=True)
        assert said("other") == "never"
        raise LookupError
    assert said() == "abc"
    assert said("other") is None


@committed
def test_what_was_looked_up_during_a_transaction_is_forgotten_with_it(make_stream):
    """Another thread may have seen the old text, and remember it, before the commit."""
    stream = make_stream("abc")
    old = stream_by_slug("hello")
    with transaction.atomic():
        stream.script.body = "new"
        stream.script.save()
        lookup._found["hello"] = lookup._Found(old, math.inf)
    assert said() == "new"


@committed
def test_what_was_read_before_a_change_is_not_remembered_after_it(make_stream):
    """The row is on its way from the database while another thread saves."""
    stream = make_stream("abc")

    def save_meanwhile(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "SELECT" in sql and "streams_stream" in sql and not saved:
            saved.append(True)
            lookup.forget(using="default")
        return result

    saved = []
    with connection.execute_wrapper(save_meanwhile):
        assert stream_by_slug("hello") == stream
    assert saved
    assert not lookup._found


@committed
def test_one_copy_of_a_text_is_enough(make_stream, now):
    """What was compiled from a text holds it, so the next look-up is to hold the same."""
    make_stream("abc" * 1000)
    first = stream_by_slug("hello")
    now.time += FRESH * 1.01
    second = stream_by_slug("hello")
    assert second is not first
    assert second.script.body is first.script.body


@pytest.mark.django_db
def test_a_bulk_update_within_a_test_case_is_seen_at_once(make_stream):
    """Tests run in a transaction that never ends: nothing is remembered there."""
    make_stream("abc")
    assert said() == "abc"
    Script.objects.update(body="new")
    assert said() == "new"


@committed
def test_no_more_is_kept_than_allowed(make_stream, monkeypatch):
    monkeypatch.setattr(lookup, "MOST_KEPT", 3)
    for number in range(7):
        make_stream("abc", f"s{number}")
        assert said(f"s{number}") == "abc"
        assert len(lookup._found) <= 3
