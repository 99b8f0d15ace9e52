"""Due times, positions, and going on from any of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.chunks import Unit
from streams.core.pacing import Pacing
from streams.core.plan import Plan, plan
from streams.core.script import compile_script, normalise
from streams.core.steps import lay_out
from tests.texts import nasty_text

pacings = st.builds(
    Pacing,
    delay=st.floats(0, 2),
    ttft=st.floats(0, 5),
    jitter=st.floats(0, 1),
    speed=st.floats(0.1, 10),
)
units = st.sampled_from(list(Unit))
sizes = st.integers(1, 9)


def make(body: str, unit=Unit.GRAPHEME, size=1, seed=0, **pacing) -> Plan:
    steps = lay_out(compile_script(body), unit, size)
    return plan(steps, Pacing(**pacing), seed=seed)


@given(nasty_text(), units, sizes, pacings, st.integers(0, 2**53 - 1))
def test_the_same_script_settings_and_seed_give_the_same_plan(
    text, unit, size, pacing, seed
):
    steps = lay_out(compile_script(text), unit, size)
    again = lay_out(compile_script(text), unit, size)
    assert list(plan(steps, pacing, seed=seed)) == list(plan(again, pacing, seed=seed))


@given(nasty_text(), units, sizes, pacings, st.integers(0, 99))
def test_due_times_never_go_back_and_the_text_is_whole(text, unit, size, pacing, seed):
    planned = plan(lay_out(compile_script(text), unit, size), pacing, seed=seed)
    assert list(planned.due) == sorted(planned.due)
    assert "".join(step.text for step in planned.steps) == normalise(text)
    assert planned.duration >= max(planned.due, default=0)


bodies = st.lists(
    nasty_text(4) | st.just("<!-- stream: pause 100ms -->"), max_size=6
).map("".join)


@given(bodies, units, sizes, units, sizes, st.data())
def test_a_stream_cut_anywhere_resumes_with_no_character_lost_or_doubled(
    body, unit, size, later_unit, later_size, data
):
    """Whatever the chunks were before the cut and are after it."""
    sheet = compile_script(body)
    steps = lay_out(sheet, unit, size)
    sent = data.draw(st.integers(0, len(steps)))
    before = steps[:sent]
    position = before[-1].position if before else 0
    rest = plan(lay_out(sheet, later_unit, later_size), Pacing()).after(position)
    seen = "".join(step.text for step in before)
    assert seen + "".join(step.text for step in rest.steps) == sheet.text


@given(bodies, units, sizes, st.data())
def test_any_position_resumes_at_that_code_point(body, unit, size, data):
    sheet = compile_script(body)
    position = data.draw(st.integers(0, sheet.end + 3))
    rest = plan(lay_out(sheet, unit, size), Pacing()).after(position)
    text = "".join(step.text for step in rest.steps)
    assert sheet.text.endswith(text)
    unspoken = sum(
        len(cue.text) - min(len(cue.text), max(0, position - cue.position))
        for cue in sheet.cues
        if hasattr(cue, "text")
    )
    assert len(text) == unspoken
    assert all(step.text for step in rest.steps)


def test_delay_and_time_to_first_token():
    assert list(make("abc", ttft=0.5, delay=0.1).due) == pytest.approx([0.5, 0.6, 0.7])


def test_a_direction_takes_no_time_not_even_at_the_beginning():
    body = "<!-- stream: reasoning -->ab<!-- stream: /reasoning -->c"
    due = make(body, ttft=0.5, delay=1).due
    assert list(due) == pytest.approx([0.5, 0.5, 1.5, 1.5, 2.5])


def test_300_events_at_30_ms_take_8_97_seconds():
    assert make("x" * 300, delay=0.03).duration == pytest.approx(8.97)


def test_speed_divides_every_time():
    planned = make("ab<!-- stream: pause 2s -->c", ttft=1, delay=0.5, speed=2)
    assert list(planned.due) == pytest.approx([0.5, 0.75, 2.0])


def test_a_pause_comes_before_what_follows_it_and_before_the_end():
    planned = make("a<!-- stream: pause 1s -->b<!-- stream: pause 3s -->", delay=0)
    assert list(planned.due) == pytest.approx([0, 1])
    assert planned.duration == pytest.approx(4)


def test_an_empty_script_is_done_at_once():
    planned = make("")
    assert (len(planned.steps), planned.duration) == (0, 0)


def test_jitter_strays_both_ways_within_its_bounds():
    due = make("x" * 500, delay=0.1, jitter=0.5, seed=1).due
    gaps = [b - a for a, b in zip(due, due[1:], strict=False)]
    assert 0.05 <= min(gaps) < 0.06
    assert 0.14 < max(gaps) <= 0.15


def test_jitter_is_the_same_on_every_machine_and_python():
    """Recorded once: a change here would change everybody's seeded streams."""
    due = make("abcd", delay=0.1, jitter=1.0, seed=42).due
    assert [round(t, 6) for t in due] == [0.0, 0.127885, 0.132888, 0.187893]


def test_seeds_differ():
    first, second = (make("abcd", jitter=1.0, seed=seed).due for seed in (1, 2))
    assert list(first) != list(second)


def test_resuming_waits_one_gap_and_not_for_the_first_token_again():
    rest = make("abcd", ttft=2, delay=0.1).after(2)
    assert [(round(due, 6), step.text) for due, step in rest] == [
        (0.1, "c"),
        (0.2, "d"),
    ]


def test_resuming_before_a_pause_keeps_it():
    rest = make("a<!-- stream: pause 1s -->b", delay=0).after(1)
    assert [(due, step.text) for due, step in rest] == [(1.0, "b")]


def test_a_plan_can_end_early():
    cut = make("abcd", ttft=2, delay=1).until(3.5)
    assert [(due, step.text) for due, step in cut] == [(2.0, "a"), (3.0, "b")]
    assert cut.duration == 3.5
    assert make("abcd", ttft=2, delay=1).until(1).steps.spoken == ""
    assert make("abcd", delay=1).until(99).duration == 3


def test_a_plan_ends_early_after_a_direction_too():
    body = 'ab<!-- stream: tool f {"a": 1} --><!-- stream: pause 5s -->c'
    cut = make(body, delay=1).until(1)
    assert [step.text for step in cut.steps] == ["a", "b", ""]
    assert cut.steps[2].direction.value.name == "f"


def test_whoever_comes_late_gets_what_was_due_at_once_and_the_rest_in_time():
    late = make("abcd", delay=1).since(1.5)
    assert list(late.due) == [-1.5, -0.5, 0.5, 1.5]
    assert late.duration == 1.5


def test_a_million_steps_fit_into_little_memory():
    """Steps are offsets: one object each would take a hundred megabytes."""
    steps = lay_out(compile_script("x" * 1_000_000), Unit.GRAPHEME, 1)
    assert len(steps) == 1_000_000
    arrays = (steps.cuts, steps.positions)
    assert sum(len(a) * a.itemsize for a in arrays) == 8_000_000
    assert steps[999_999].position == 1_000_000
