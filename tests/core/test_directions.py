"""What each direction says, and what it does to the steps and their times."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.acts import ERROR_KINDS, Act, Acting
from streams.core.arguments import RESERVED_EVENTS
from streams.core.chunks import Unit
from streams.core.directions import NamedEvent
from streams.core.emitting import emitting
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import (
    Direction,
    compile_script,
    normalise,
    split_directions,
)
from streams.core.steps import lay_out
from streams.core.vocabulary import DIRECTIONS
from streams.exceptions import ScriptError
from tests.core.scripts import comment, scripts
from tests.texts import nasty_text

DOCS = Path(__file__).parent.parent.parent / "docs" / "scripts.md"

units = st.sampled_from(list(Unit))
sizes = st.integers(1, 9)


def steps_of(body, unit=Unit.GRAPHEME, size=1):
    return lay_out(compile_script(body), unit, size)


def chunks(body, unit=Unit.GRAPHEME, size=1):
    return [step.text for step in steps_of(body, unit, size) if not step.direction]


def gaps(body, **pacing):
    """Return the times between chunks, and from the start to the first."""
    planned = plan(steps_of(body), Pacing(**pacing))
    due = [due for due, step in planned if not step.direction]
    return [round(b - a, 6) for a, b in zip([0.0, *due], due, strict=False)]


def direction(words):
    [found] = split_directions(comment(words))
    assert isinstance(found, Direction)
    return found.value


@given(scripts(), units, sizes)
def test_whatever_directions_there_are_the_text_is_whole(script, unit, size):
    body, text = script
    assert "".join(step.text for step in steps_of(body, unit, size)) == normalise(text)


@given(scripts(), units, sizes, units, sizes, st.data())
def test_a_stream_cut_anywhere_loses_and_doubles_neither_text_nor_direction(
    script, unit, size, later_unit, later_size, data
):
    sheet = compile_script(script[0])
    steps = lay_out(sheet, unit, size)
    sent = data.draw(st.integers(0, len(steps)))
    before = steps[:sent]
    position = before[-1].position if before else 0
    rest = plan(lay_out(sheet, later_unit, later_size), Pacing()).after(position)
    assert len(rest.due) == len(rest.steps)
    said = "".join(step.text for step in (*before, *rest.steps))
    assert said == sheet.text
    done = [step.direction for step in (*before, *rest.steps) if step.direction]
    assert done == [step.direction for step in steps if step.direction]


@given(scripts(), units, sizes, st.data())
def test_any_position_resumes_at_that_code_point(script, unit, size, data):
    """Inside of what is kept together or was recorded as one piece, too."""
    sheet = compile_script(script[0])
    position = data.draw(st.integers(0, sheet.end + 2))
    rest = plan(lay_out(sheet, unit, size), Pacing()).after(position)
    unspoken = sum(
        len(cue.text) - min(len(cue.text), max(0, position - cue.position))
        for cue in sheet.cues
        if not isinstance(cue, Direction)
    )
    assert rest.steps.spoken == sheet.text[len(sheet.text) - unspoken :]
    assert "".join(step.text for step in rest.steps) == rest.steps.spoken


@given(scripts(), units, sizes, st.floats(0, 30))
def test_whoever_cuts_a_plan_by_time_gets_as_many_steps_as_times(
    script, unit, size, seconds
):
    planned = plan(steps_of(script[0], unit, size), Pacing())
    cut = planned.until(seconds)
    assert list(cut) == [(due, step) for due, step in planned if due <= seconds]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("hold", Acting(act=Act.HOLD)),
        ("hold before-answer", Acting(act=Act.HOLD, name="before-answer")),
        ("drop", Acting(act=Act.DROP)),
        ("drop always", Acting(act=Act.DROP, always=True)),
        ("truncate always", Acting(act=Act.TRUNCATE, always=True)),
        ("stall 1500ms", Acting(act=Act.STALL, seconds=1.5)),
        ("error", Acting(act=Act.ERROR)),
        ("error overloaded", Acting(act=Act.ERROR, name="overloaded")),
        ("malformed", Acting(act=Act.MALFORMED)),
        ("reorder", Acting(act=Act.REORDER)),
        ("speed 2x", 2.0),
        ("speed 0.5", 0.5),
        ("event progress", NamedEvent("progress", "{}")),
        ('event a.b {"é": [1, 2]}', NamedEvent("a.b", '{"é":[1,2]}')),
        (r"emit data: \xff\u4e2d\U0001f600é\\n\n", None),
    ],
)
def test_what_a_direction_says(words, value):
    if value is None:
        data = b"data: \xff" + "中😀é".encode() + b"\\n\n"
        value = Acting(act=Act.EMIT, data=data)
    assert direction(words) == value


@given(st.binary(min_size=1))
def test_any_bytes_can_be_emitted(data):
    escaped = "".join(f"\\x{byte:02x}" for byte in data)
    body = f"a{comment(f'emit {escaped}')}b{comment('emit c')}"
    assert [found for _, found in emitting(body)] == [data, b"c"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("puase 1s", "unknown direction 'puase': did you mean `pause`?"),
        ("Tool f", "unknown direction 'Tool': did you mean `tool`?"),
        ("/reasonning", "did you mean `/reasoning`?"),
        ("wait 2s", "unknown direction 'wait': did you mean `pause`?"),
        ("qqqq", "unknown direction 'qqqq'; known: pause, speed, hold"),
        ("speed fast", "'speed fast' is no speed: write `speed 2x`"),
        ("speed 0x", "'speed 0x' is not from 0.01x to 100x"),
        ("hold the line", "write `hold`, or `hold NAME`"),
        ("stall", "'stall' has no duration that can be read: write `stall 800ms`"),
        ("drop once", "'drop once' is not understood: write `drop`, or `drop always`"),
        ("error overload", "did you mean `overloaded`?: write `error`, or one of"),
        ("finish lenght", "did you mean `length`?: write one of stop, length"),
        ("malformed 3", "`malformed` takes nothing after it, and has '3'"),
        ("emit", "`emit` needs bytes: write"),
        (r"emit \q", r"'\q' in `emit` is no escape: write one of \n \r"),
        (r"emit \x4", r"'\x' in `emit` is no escape"),
        (r"emit \Uffffffff", r"'\Uffffffff' in `emit` is no character of Unicode"),
        (r"emit \ud800", r"'\ud800' in `emit` is no character of Unicode"),
        ("timing", "`timing` needs a list: write `timing 5@320 3@41`"),
        ("timing 5@320 3", "`timing` cannot read '3': write `timing 5@320 3@41`"),
        ("timing 0@5", "`timing` cannot read '0@5'"),
        ("timing 1@700000", "'1@700000' waits longer than 600 s"),
        ("event", "names no event: write `event progress"),
        ("event 1a", "'event 1a' names no event"),
        ("event a {b}", "the data of 'a' is not JSON"),
        ("event a NaN", "the data of 'a' is not JSON"),
    ],
)
def test_a_wrong_direction_names_its_line_the_value_and_the_remedy(words, message):
    with pytest.raises(ScriptError) as caught:
        compile_script(f"a\n{comment(words)}")
    assert str(caught.value).startswith("Line 2: ")
    assert message in str(caught.value)
    assert caught.value.line == 2


@pytest.mark.parametrize("name", RESERVED_EVENTS)
def test_an_event_cannot_pass_for_one_of_the_format(name):
    with pytest.raises(ScriptError, match=f"another name, such as `my-{name}`"):
        compile_script(comment(f"event {name}"))
    compile_script(comment(f"event my-{name}"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{together}a", "`together` is never closed: add <!-- stream: /together -->"),
        ("{literal}a{hold}", "`literal` is never closed: add <!-- stream: /literal"),
        ("{/literal}", "`/literal` closes nothing"),
        ("{together}a{pause 1s}b{/together}", "`pause` inside of `together`, which is"),
        ("{reasoning}a{together}b{/reasoning}", "comes too early: close `together`"),
        (
            "{reasoning}a{cut}b{refusal}",
            "inside of `reasoning`: close that first with <!-- stream: /reasoning -->",
        ),
    ],
)
def test_blocks_that_do_not_nest_are_refused(body, message):
    body = body.replace("{", "<!-- stream: ").replace("}", " -->")
    with pytest.raises(ScriptError) as caught:
        compile_script(body)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", DIRECTIONS, ids=lambda kind: kind.name)
def test_the_example_of_a_direction_can_be_put_into_a_script(kind):
    sheet = compile_script(f"a{kind.example}b")
    found = [cue.name for cue in sheet.cues if isinstance(cue, Direction)]
    assert found[0] == kind.name
    assert kind.closed == (f"/{kind.name}" in found)


@given(nasty_text())
def test_literal_keeps_what_is_between_as_it_stands(text):
    inside = f"x{text}{comment('drop')}<!-- else -->{comment('nonsense')}"
    sheet = compile_script(f"a{comment('literal')}{inside}{comment('/literal')}b")
    assert sheet.text == normalise(f"a{inside}b")


def test_literal_on_lines_of_its_own_leaves_no_blank_line():
    body = f"a\n{comment('literal')}\n{comment('hold')}\n{comment('/literal')}\nb"
    assert compile_script(body).text == f"a\n{comment('hold')}\nb"


def test_cut_ends_a_chunk_and_together_makes_one():
    assert chunks(f"ab{comment('cut')}cd ef", Unit.WORD) == ["ab", "cd ", "ef"]
    body = f"a {comment('together')}b c. d\n{comment('/together')}e f"
    assert chunks(body, Unit.WORD) == ["a ", "b c. d\n", "e ", "f"]
    reasoning = comment("reasoning") + body + comment("/reasoning")
    channels = {step.channel.name for step in steps_of(reasoning) if step.text}
    assert channels == {"REASONING"}


def test_directions_that_only_pace_are_no_steps():
    body = "".join(map(comment, ("speed 2x", "cut", "timing 1@1", "pause 1s")))
    body += comment("together") + "a" + comment("/together")
    assert [step.text for step in steps_of(body)] == ["a"]


def test_speed_holds_from_where_it_stands_and_for_pauses_too():
    body = f"ab{comment('speed 2x')}c{comment('pause 1s')}d{comment('speed 1x')}e"
    assert gaps(body, delay=0.1) == [0, 0.1, 0.05, 0.55, 0.1]
    assert gaps(body, delay=0.1, speed=2) == [0, 0.05, 0.025, 0.275, 0.05]
    stalled = f"{comment('speed 4x')}a{comment('stall 2s')}b{comment('pause 2s')}"
    assert gaps(stalled, ttft=1, delay=0) == [0.25, 0.5]
    assert plan(steps_of(stalled), Pacing(delay=0)).duration == 1.0


def test_a_stall_is_silent_after_its_own_step():
    planned = plan(steps_of(f"a{comment('stall 2s')}b"), Pacing(delay=0.1))
    assert [round(due, 3) for due in planned.due] == [0, 0, 2.1]


recordings = st.lists(st.tuples(nasty_text(3).filter(normalise), st.integers(0, 5000)))


@given(recordings, units, sizes, st.floats(0, 2), st.sampled_from([0.5, 1, 3]))
def test_a_recording_is_replayed_delta_for_delta(recorded, unit, size, delay, speed):
    """Whatever the stream's own unit, size, delay and jitter."""
    # A letter first: on a line of its own, the direction would take that with it.
    recorded = [("x", 7), *((normalise(text), gap) for text, gap in recorded)]
    listed = " ".join(f"{len(text)}@{gap}" for text, gap in recorded)
    body = comment(f"timing {listed}") + "".join(text for text, _ in recorded)
    pacing = Pacing(delay=delay, ttft=3, jitter=0.5, speed=speed)
    planned = plan(steps_of(body, unit, size), pacing)
    assert [step.text for step in planned.steps] == [text for text, _ in recorded]
    total = 0.0
    for due, (_, gap) in zip(planned.due, recorded, strict=True):
        total += gap / 1000 / speed
        assert due == pytest.approx(total, abs=1e-6)


def test_a_recording_counts_every_channel_and_then_the_settings_apply():
    body = (
        comment("timing 2@100 2@50 1@7")
        + f"{comment('reasoning')}ab{comment('/reasoning')}"
        + comment("tool f")
        + "cdef"
    )
    assert chunks(body) == ["ab", "{}", "c", "d", "e", "f"]
    assert gaps(body, ttft=9, delay=1) == [0.1, 0.05, 0.007, 1, 1, 1]
    # What comes before the text has its own time, which a recording says with pauses.
    first = next(iter(plan(steps_of(body), Pacing(ttft=9))))
    assert (first[0], first[1].direction.name) == (0, "reasoning")


def test_a_delta_that_something_divides_comes_in_parts_without_a_wait_between():
    body = f"{comment('timing 4@100 1@50')}ab{comment('cut')}cde"
    assert chunks(body) == ["ab", "cd", "e"]
    assert gaps(body, delay=9) == [0.1, 0, 0.05]
    one = f"{comment('timing 2@100 2@50 2@25')}a{comment('together')}bcd"
    one += f"{comment('/together')}ef"
    assert chunks(one) == ["a", "bcd", "ef"]
    assert gaps(one, delay=9) == [0.1, 0, 0.025]


def test_another_list_takes_the_place_of_one_that_is_not_used_up():
    body = f"{comment('timing 1@1 5@900')}a{comment('timing 1@2 1@3')}bc"
    assert gaps(body, delay=9) == [0.001, 0.002, 0.003]


def test_a_long_recording_is_read_in_linear_time():
    listed = " ".join(["3@41"] * 100_000)
    steps = steps_of(comment(f"timing {listed}") + "abc" * 100_000)
    assert len(steps) == len(steps.gaps) == 100_000


def test_what_an_event_says_is_json():
    value = direction(r'event a {"x": "\ud83d\ude00 \ud800", "y": "--\u003e"}')
    assert json.loads(value.data) == {"x": "😀 \ufffd", "y": "-->"}


def test_every_kind_of_error_can_be_written():
    assert [direction(f"error {kind}").name for kind in ERROR_KINDS] == [*ERROR_KINDS]


def documented(pattern):
    return re.findall(pattern, DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_document_lists_every_direction_and_no_other():
    rows = documented(r"^\| `([a-z][^`]*)` \| ")
    usages = [kind.usage for kind in DIRECTIONS]
    assert [row for row in rows if row in usages] == usages
    variables = documented(r"\n\| variable \|.*?\n\n")[0]
    assert all(f"`{row}`" in variables for row in rows if row not in usages)


def test_the_scripts_in_the_document_can_be_played():
    examples = documented(r"^```markdown$(.*?)^```$")
    assert len(examples) >= 3
    for example in examples:
        assert steps_of(example)
