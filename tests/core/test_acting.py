"""Acts put into a plan that knows nothing of them."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.acts import Act, Acting
from streams.core.chunks import Unit
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import compile_script
from streams.core.steps import lay_out
from tests.core.scripts import comment, scripts

DROP = Acting(act=Act.DROP, fault="flaky")
ALWAYS = Acting(act=Act.DROP, always=True, fault="flaky")


def make(body, size=1, **pacing):
    steps = lay_out(compile_script(body), Unit.GRAPHEME, size)
    return plan(steps, Pacing(**pacing))


def said(planned):
    """Return the text of each step, and the name of each that is a direction."""
    return [s.direction.name if s.direction else s.text for s in planned.steps]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"event": 0}, ["drop", "ab", "hold", "cd", "e"]),
        ({}, ["drop", "ab", "hold", "cd", "e"]),
        ({"event": 1}, ["ab", "drop", "hold", "cd", "e"]),
        ({"event": 2}, ["ab", "hold", "cd", "drop", "e"]),
        ({"event": 3}, ["ab", "hold", "cd", "e", "drop"]),
        ({"position": 0}, ["drop", "ab", "hold", "cd", "e"]),
        ({"position": 1}, ["ab", "drop", "hold", "cd", "e"]),
        ({"position": 2}, ["ab", "drop", "hold", "cd", "e"]),
        ({"position": 3}, ["ab", "hold", "drop", "cd", "e"]),
        ({"position": 6}, ["ab", "hold", "cd", "e", "drop"]),
    ],
)
def test_an_act_comes_at_its_place(place, expected):
    planned = make(f"ab{comment('hold')}cde", size=2).acting(DROP, **place)
    assert said(planned) == expected
    assert planned.steps[expected.index("drop")].direction.value is DROP


@pytest.mark.parametrize("place", [{"event": 4}, {"position": 7}])
def test_a_place_past_the_end_is_none(place):
    assert make(f"ab{comment('hold')}cde", size=2).acting(DROP, **place) is None


@given(scripts(), st.integers(1, 5), st.integers(0, 9), st.booleans())
def test_all_other_steps_stay_as_they_were(script, size, event, kept):
    planned = make(script[0], size=size, ttft=0.5)
    if not kept:
        planned = replace(planned, steps=replace(planned.steps, _kept=None))
    acted = planned.acting(DROP, event=event)
    if acted is None:
        assert event > sum(not step.direction for step in planned.steps)
        return
    made = list(acted)
    index = next(i for i, (_, step) in enumerate(made) if acts(step))
    before = [step for _, step in made[:index]]
    assert sum(not step.direction for step in before) == event
    assert [*made[:index], *made[index + 1 :]] == list(planned)
    assert list(acted.due) == sorted(acted.due)
    # Whoever lost the connection there goes on with what comes after.
    if position := made[index][1].position:
        assert list(acted.after(position)) == list(planned.after(position))


def acts(step):
    return step.direction is not None and step.direction.value is DROP


def test_an_act_takes_the_position_and_the_time_of_the_step_before_it():
    acted = make("abc", ttft=1, delay=0.5).acting(DROP, event=2)
    made = [(due, step.position) for due, step in acted]
    assert made == [(1, 1), (1.5, 2), (1.5, 2), (2, 3)]
    assert [*make("abc", ttft=1).acting(DROP).due][:2] == [0, 1]


def test_pauses_recorded_gaps_and_speed_stay_with_their_steps():
    body = f"{comment('timing 1@100 1@200')}a{comment('pause 1s')}b"
    body += f"{comment('speed 2x')}cd"
    acted = make(body, delay=0.5).acting(DROP, event=1).steps
    times = plan(acted, Pacing(delay=0.5)).due
    assert [round(b - a, 6) for a, b in pairwise([0, *times])] == [
        *(0.1, 0, 1.2, 0.25, 0.25)
    ]
    rest = plan(acted.after(5), Pacing(delay=0.5, ttft=0.5))
    assert (said(rest), list(rest.due)) == (["c", "d"], [0.25, 0.5])


def test_a_stall_delays_what_follows_it():
    stall = Acting(act=Act.STALL, seconds=3, fault="slow")
    acted = make("abc", delay=0.5).acting(stall, event=1)
    assert list(acted.due) == [0, 0, 3.5, 4]
    assert acted.duration == 4


def test_what_always_drops_does_so_on_the_connection_that_goes_on_from_there():
    acted = make("abc").acting(ALWAYS, event=2)
    assert said(acted.after(2)) == ["drop", "c"]
    assert said(acted.after(1)) == ["b", "drop", "c"]
    assert said(acted.after(3)) == []
    wide = make("abcd", size=4).acting(ALWAYS, event=0)
    assert said(wide.after(2)) == ["cd"]


def test_acts_at_one_place_come_in_the_order_they_were_put_there():
    hold = Acting(act=Act.HOLD, fault="override")
    acted = make("ab").acting(DROP, event=1).acting(hold, event=1)
    assert said(acted) == ["a", "drop", "hold", "b"]


def test_an_act_comes_before_everything_for_somebody_who_comes_late():
    late = make("ab", delay=1).since(1.5).acting(DROP)
    assert list(late.due) == [-1.5, -1.5, -0.5]


def test_an_act_in_a_script_without_text():
    assert said(make("").acting(DROP)) == ["drop"]
    assert make("").acting(DROP, event=1) is None
