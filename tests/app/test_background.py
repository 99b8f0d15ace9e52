"""What is looked up while nobody waits, in a thread that is there while it is needed."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection

from streams.preparing import background as module
from streams.preparing.background import Background

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def background(monkeypatch):
    """One whose thread is soon tired of waiting."""
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.02)
    return Background()


def do(background, work):
    """Have something done, and return what comes of it."""
    done, results = threading.Event(), []

    def told():
        try:
            results.append(work())
        finally:
            done.set()

    background.do(told)
    assert done.wait(10)
    return results[0] if results else None


def ended(thread):
    thread.join(10)
    return not thread.is_alive()


def test_one_thread_does_all_with_one_connection(background, monkeypatch):
    monkeypatch.setattr(module, "IDLE_SECONDS", 60)

    def look():
        User.objects.count()
        return threading.current_thread(), connection.connection

    first, *others = [do(background, look) for _ in range(5)]
    assert first[0] is not threading.current_thread()
    assert {one is first[1] for _, one in others} == {True}
    assert {thread for thread, _ in others} == {first[0]}
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.02)
    do(background, look)
    assert ended(first[0])


def watch():
    """Open this thread's connection, and return what tells that it was closed."""
    User.objects.count()
    closed, close = threading.Event(), connection.close

    def noted():
        # A database in memory stays open, whatever Django is told.
        close()
        closed.set()

    connection.close = noted
    return closed


def test_it_goes_with_its_connection_and_another_comes(background):
    closed, thread = do(background, lambda: (watch(), threading.current_thread()))
    assert ended(thread)
    assert closed.is_set()
    other = do(background, threading.current_thread)
    assert other is not thread
    assert ended(other)


def test_what_fails_stops_nothing_but_a_connection(background, monkeypatch):
    monkeypatch.setattr(module, "IDLE_SECONDS", 60)
    closed = do(background, watch)

    def fail():
        raise RuntimeError("the database is gone")

    do(background, fail)
    thread = do(background, threading.current_thread)
    assert closed.is_set()
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.02)
    do(background, watch)
    assert ended(thread)
