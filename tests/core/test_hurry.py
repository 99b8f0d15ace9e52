"""In a hurry, what would take its time is not begun."""

import threading

import pytest

from streams.core.hurry import NotNow, hurry, may_take_time


def test_what_takes_time_is_refused_in_a_hurry_only():
    may_take_time()
    with hurry(), pytest.raises(NotNow):
        may_take_time()
    may_take_time()


def test_a_hurry_ends_with_whatever_error():
    with pytest.raises(NotNow), hurry():
        may_take_time()
    may_take_time()
    with pytest.raises(LookupError), hurry():
        raise LookupError
    may_take_time()


def test_another_thread_has_time():
    told = []

    def work():
        try:
            may_take_time()
            told.append("worked")
        except NotNow:
            told.append("refused")

    with hurry():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert told == ["worked"]
