"""While streams play, threads give way soon; else, all is as Python has it."""

import sys

import pytest

from streams import switching


@pytest.fixture(autouse=True)
def usual():
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield
    sys.setswitchinterval(before)


def test_threads_give_way_soon_from_the_first_stream_to_the_last():
    switching.begin()
    switching.begin()
    assert sys.getswitchinterval() == pytest.approx(0.0005)
    switching.end()
    assert sys.getswitchinterval() == pytest.approx(0.0005)
    switching.end()
    assert sys.getswitchinterval() == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("wanted", "had"),
    [(None, 0.005), (2, 0.001)],
    ids=["told not to", "sooner already"],
)
def test_what_the_site_has_chosen_stays(settings, wanted, had):
    settings.STREAMS = {"SWITCH_INTERVAL_MS": wanted}
    sys.setswitchinterval(had)
    switching.begin()
    assert sys.getswitchinterval() == pytest.approx(had)
    switching.end()
    assert sys.getswitchinterval() == pytest.approx(had)


def test_what_somebody_chooses_meanwhile_stays():
    switching.begin()
    sys.setswitchinterval(0.002)
    switching.end()
    assert sys.getswitchinterval() == pytest.approx(0.002)
