"""Directions, positions and the form scripts are stored in."""

import pytest
from hypothesis import given

from streams.core.script import (
    Direction,
    Text,
    compile_script,
    digest,
    normalise,
    split_directions,
)
from streams.exceptions import ScriptError
from tests.texts import hostile_file, nasty_text


@given(hostile_file())
def test_stored_text_has_lf_only_and_can_be_stored_anywhere(text):
    stored = normalise(text)
    assert "\r" not in stored
    assert "\0" not in stored
    assert stored.encode().decode() == stored


@given(hostile_file())
def test_storing_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


@given(nasty_text())
def test_text_without_directions_is_literal(text):
    assert compile_script(text).text == normalise(text)


@given(nasty_text(), nasty_text())
def test_an_inline_direction_leaves_the_text_around_it_alone(before, after):
    sheet = compile_script(f"{before}x<!-- stream: pause 1s -->y{after}")
    assert sheet.text == normalise(f"{before}xy{after}")
    assert sheet.end == len(sheet.text) + 1


def test_positions_count_code_points_and_directions():
    sheet = compile_script("ab<!-- stream: pause 1s -->c👍🏽<!--stream:pause 5ms-->")
    assert sheet.cues == (
        Text(position=0, text="ab"),
        Direction(name="pause", value=1.0, line=1, position=2),
        Text(position=3, text="c👍🏽"),
        Direction(name="pause", value=0.005, line=1, position=6),
    )
    assert sheet.end == 7


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("a\n<!-- stream: pause 1s -->\nb", "a\nb"),
        ("a\n  <!-- stream: pause 1s -->\t\nb", "a\nb"),
        ("<!-- stream: pause 1s -->\nb", "b"),
        ("a\n\n<!-- stream: pause 1s -->\n\nb", "a\n\n\nb"),
        ("a <!-- stream: pause 1s -->\nb", "a \nb"),
        ("<!-- stream: pause 1s --> a\nb", " a\nb"),
        ("a\n<!-- stream: pause 1s -->", "a\n"),
        ("<!-- stream: pause 1s --><!-- stream: pause 1s -->\nb", "\nb"),
        ("<!-- stream: pause 1s -->\n<!-- stream: pause 1s -->\nb", "b"),
    ],
)
def test_a_direction_with_a_line_to_itself_takes_the_line(body, text):
    assert compile_script(body).text == text


@pytest.mark.parametrize(
    "body",
    ["<!-- a comment -->", "<!-- streaming: pause -->", "<!-- Stream: pause 1s -->"],
)
def test_other_comments_are_text(body):
    assert compile_script(body).text == body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "a\n\nb <!-- stream: pause 2 sec -->",
            "Line 3: 'pause 2 sec' has no duration that can be read:"
            " write `pause 800ms` or `pause 1.5s`",
        ),
        ("<!-- stream: pause -->", "Line 1: 'pause' has no duration"),
        ("<!-- stream: pause 601s -->", "longer than 600s"),
        ("\n<!-- stream: jump 3 -->", "Line 2: unknown direction 'jump'; known: pause"),
        ("<!-- stream: -->", "Line 1: a direction without a name"),
        ("\n\n<!-- stream: pause 1s", "Line 3: this direction is never closed"),
        ("<!-- stream: pause 1s --x <!-- x -->", "Line 1: 'pause 1s --x <!-- x'"),
        (
            "<!-- stream: reasoning -->a",
            "Line 1: `reasoning` is never closed: add <!-- stream: /reasoning -->",
        ),
        ("a<!-- stream: /reasoning -->", "Line 1: `/reasoning` closes nothing"),
        (
            "<!-- stream: reasoning -->\n<!-- stream: refusal -->",
            "Line 2: `refusal` inside of `reasoning`: close that first",
        ),
        ("<!-- stream: reasoning now -->", "`reasoning` takes nothing after it"),
        ("<!-- stream: tool -->", "names no function: write `tool get_weather"),
        ("<!-- stream: tool a.b {} -->", "'tool a.b {}' names no function"),
        ("<!-- stream: tool f {a} -->", "the arguments of 'f' are not JSON"),
        ('<!-- stream: tool f {"a": 1e999} -->', "the arguments of 'f' are not JSON"),
        ('<!-- stream: tool f {"a": NaN} -->', "the arguments of 'f' are not JSON"),
        ("<!-- stream: tool f [1] -->", "the arguments of 'f' are no JSON object"),
        ("<!-- stream: finish early -->", "write one of stop, length, tool_calls"),
    ],
)
def test_a_wrong_direction_names_its_line_and_the_remedy(body, message):
    with pytest.raises(ScriptError) as caught:
        compile_script(body)
    assert message in str(caught.value)


def test_each_piece_of_text_is_in_its_channel():
    sheet = compile_script(
        "<!-- stream: reasoning -->hm<!-- stream: /reasoning -->a"
        '<!-- stream: tool f {"x": [1, "é\\u0000"]} -->b'
    )
    texts = [
        (cue.text, cue.channel.name) for cue in sheet.cues if isinstance(cue, Text)
    ]
    assert texts == [
        ("hm", "REASONING"),
        ("a", "ANSWER"),
        ('{"x":[1,"é\\u0000"]}', "TOOL"),
        ("b", "ANSWER"),
    ]


def test_line_ends_that_a_direction_takes_are_counted():
    directions = [
        piece
        for piece in split_directions("a\n<!-- stream:\npause 1s -->\nb")
        if isinstance(piece, Direction)
    ]
    assert [d.line_ends for d in directions] == [2]


def test_many_directions_and_openings_are_read_in_linear_time():
    """A quadratic reader would take minutes for these."""
    many = "<!-- stream: pause 1ms -->" * 50_000
    assert compile_script(many).end == 50_000
    with pytest.raises(ScriptError):
        compile_script("<!-- stream: " * 100_000)


def test_the_digest_names_body_and_rendering():
    assert digest("a") == digest("a")
    assert len({digest("a"), digest("b"), digest("a", "template")}) == 3
