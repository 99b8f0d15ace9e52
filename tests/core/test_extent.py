"""What one answer says: tool rounds, stop sequences, most tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.chunks import Unit
from streams.core.extent import extent
from streams.core.script import compile_script
from streams.core.steps import lay_out
from tests.texts import nasty_text

TOOL = '<!-- stream: tool look {"at": "it"} -->'
REASONING = "<!-- stream: reasoning -->Hm.<!-- stream: /reasoning -->"


def cut(body, unit=Unit.GRAPHEME, size=1):
    return lay_out(compile_script(body), unit, size)


def code_points(text, most):
    return None if len(text) <= most else most


def limited(steps, **limits):
    return extent(steps, fit=code_points, **limits)


bodies = st.lists(
    nasty_text(4)
    | st.sampled_from([TOOL, REASONING, "<!-- stream: pause 100ms -->", " "]),
    max_size=6,
).map("".join)
units = st.sampled_from(list(Unit))


@given(bodies, units, st.integers(1, 9), st.data())
def test_before_and_after_a_position_make_the_whole(body, unit, size, data):
    steps = cut(body, unit, size)
    position = data.draw(st.integers(0, steps.end))
    before, after = steps.before(position), steps.after(position)
    assert before.spoken + after.spoken == steps.spoken
    assert all(step.position <= position for step in before)
    named = [step.direction.name for step in (*before, *after) if step.direction]
    assert named == [step.direction.name for step in steps if step.direction]


@given(bodies, units)
def test_rounds_together_say_everything_once(body, unit):
    steps = cut(body, unit)
    rounds = [limited(steps, round=n).steps for n in range(len(steps.rounds) + 1)]
    said = "".join(one.spoken for one in rounds)
    # But for the white space between a tool's call and what is said to its result.
    assert "".join(said.split()) == "".join(steps.spoken.split())
    assert not len(limited(steps, round=len(rounds)).steps)


def test_a_model_waits_for_the_results_of_its_tools():
    steps = cut(f"Let me look.\n{TOOL}\n\n{TOOL}\nIt is green.\n{TOOL}\n")
    said = [limited(steps, round=n) for n in range(4)]
    assert [one.steps.spoken for one in said] == [
        'Let me look.\n{"at":"it"}{"at":"it"}',
        'It is green.\n{"at":"it"}',
        "",
        "",
    ]
    assert [one.finish for one in said] == ["tool_calls", "tool_calls", "stop", "stop"]


@given(nasty_text(), st.integers(0, 30), units)
def test_max_tokens_cuts_the_text_there(text, most, unit):
    steps = cut(text, unit, 3)
    said = limited(steps, max_tokens=most)
    assert said.steps.spoken == steps.spoken[:most]
    assert said.finish == ("length" if len(steps.spoken) > most else "stop")


@given(nasty_text(12), nasty_text(2), units)
def test_the_answer_ends_before_the_first_stop_sequence(text, stop, unit):
    steps = cut(text, unit)
    said = limited(steps, stop=(stop,))
    before, met, _ = steps.spoken.partition(stop) if stop else (steps.spoken, "", "")
    assert said.steps.spoken == before
    assert said.stopped_at == met


def test_the_earliest_stop_sequence_wins_and_reasoning_does_not_count():
    steps = cut("<!-- stream: reasoning -->END<!-- stream: /reasoning -->abcENDdef")
    said = limited(steps, stop=("def", "END", "cEND"))
    assert (said.steps.spoken, said.stopped_at) == ("ENDab", "cEND")
    assert said.finish == "stop"


def test_room_for_nothing_has_none_for_a_tool_call():
    assert not len(limited(cut(TOOL), max_tokens=0).steps)


def test_calls_with_pauses_between_them_are_made_together():
    """As a recording of two calls at once has them."""
    timed = f"<!-- stream: pause 1s -->\n<!-- stream: timing 9@40 -->\n{TOOL}"
    steps = cut(f"Look.\n{timed}\n\n{timed}\n <!-- stream: pause 2s -->Green.")
    said = [limited(steps, round=n).steps for n in range(3)]
    calls = '{"at":"it"}' * 2
    assert [one.spoken for one in said] == [f"Look.\n{calls}", "Green.", ""]
    # The pause before the answer to the results belongs to that.
    assert list(said[1].pauses.values()) == [2]
    assert sum(said[0].pauses.values()) == 2


def test_white_space_around_a_round_is_not_said():
    steps = cut(f"Look.\n\n{TOOL}\n\n<!-- stream: pause 1s -->\n\nGreen.")
    said = [limited(steps, round=n).steps.spoken for n in range(2)]
    assert said == ['Look.\n\n{"at":"it"}', "\nGreen."]
    steps = cut(f"{TOOL}\n\n  Green.")
    assert limited(steps, round=1).steps.spoken == "Green."


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        ("a", "stop"),
        (TOOL, "tool_calls"),
        (f"{TOOL}<!-- stream: finish stop -->", "stop"),
        ("a<!-- stream: finish content_filter -->", "content_filter"),
    ],
)
def test_why_it_ends(body, finish):
    assert limited(cut(body)).finish == finish
