"""Ollama's API: exact bytes, and the text back line by line, by httpx and by json."""

import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.chunks import Unit
from streams.core.directions import Channel, ToolCall
from streams.core.script import Direction, normalise
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.call import Call, Incoming
from tests.formats.runs import RUN, bytes_of, make_context
from tests.texts import hostile_file

HEAD = '{"model":"m:7b","created_at":"2027-01-15T08:00:00Z",'
END = (
    '"done":true,"total_duration":1500000000,"load_duration":0,'
    '"prompt_eval_count":3,"prompt_eval_duration":250000000,'
    '"eval_count":5,"eval_duration":1250000000}\n'
)
TOOL = Step(1, direction=Direction(name="tool", value=ToolCall("f", '{"a":1}')))
ERROR = f'{{"error":"Oh (run {RUN})"}}\n'


def message(fields, done='"done":false}\n'):
    return f'{HEAD}"message":{{"role":"assistant",{fields}}},{done}'


def call_tool(writer):
    said = [Step(5, '{"a"', Channel.TOOL), Step(8, ":1}", Channel.TOOL)]
    return b"".join([writer.step(TOOL), *map(writer.step, said)])


GOLDEN = {
    "ollama-chat": [
        (lambda w: w.opening(), ""),
        (
            lambda w: w.step(Step(1, 'é"\n\u2028')),
            message('"content":"é\\"\\n\\u2028"'),
        ),
        (
            lambda w: w.step(Step(1, "hm", Channel.REASONING)),
            message('"content":"","thinking":"hm"'),
        ),
        (lambda w: w.step(Step(1, "no", Channel.REFUSAL)), message('"content":"no"')),
        (lambda w: w.step(TOOL) + w.step(Step(5, '{"a"', Channel.TOOL)), ""),
        (
            call_tool,
            message(
                '"content":"","tool_calls":[{"function":{"name":"f",'
                '"arguments":{"a":1}}}]'
            ),
        ),
        (
            lambda w: w.step(Step(1, direction=Direction(name="finish", value="stop"))),
            "",
        ),
        (lambda w: w.closing(), message('"content":""', f'"done_reason":"stop",{END}')),
        (lambda w: w.error("Oh"), ERROR),
    ],
    "ollama-generate": [
        (lambda w: w.opening(), ""),
        (lambda w: w.step(Step(1, "a")), f'{HEAD}"response":"a","done":false}}\n'),
        (
            lambda w: w.step(Step(1, "hm", Channel.REASONING)),
            f'{HEAD}"response":"","thinking":"hm","done":false}}\n',
        ),
        (call_tool, ""),
        (lambda w: w.closing(), f'{HEAD}"response":"","done_reason":"stop",{END}'),
        (lambda w: w.error("Oh"), ERROR),
    ],
}


@pytest.mark.parametrize(
    ("name", "write", "expected"),
    [(name, *row) for name, rows in GOLDEN.items() for row in rows],
)
def test_bytes(name, write, expected):
    context = make_context(call=Call(model="m:7b"), ttft=0.25, duration=1.5)
    assert write(get_format(name).writer(context)).decode() == expected


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        *(("stop", "stop"), ("length", "length")),
        *(("tool_calls", "stop"), ("content_filter", "stop")),
    ],
)
def test_reasons(finish, reason):
    writer = get_format("ollama-chat").writer(make_context(finish=finish))
    end = json.loads(writer.closing())
    assert end["done_reason"] == reason
    # No time at all, but nothing that cannot be divided by.
    assert (end["prompt_eval_duration"], end["eval_duration"]) == (1, 1)


def test_a_full_server_is_unavailable():
    problem = Problem(status=429, code="overloaded", message="Full")
    wire_format = get_format("ollama-generate")
    assert wire_format.status(problem) == 503
    media_type, body = wire_format.problem(problem)
    assert (media_type, body) == (
        "application/json; charset=utf-8",
        b'{"error":"Full"}',
    )


def test_what_is_read_of_a_request():
    body = {
        "model": "m",
        "messages": [
            {"role": "System", "content": "Be brief."},
            {"role": "user", "images": ["aGk="]},
            {"role": "assistant", "content": None, "tool_calls": [{}]},
            {"role": "tool", "content": "1"},
        ],
        "options": {"num_predict": 0, "seed": -1, "stop": ["x"]},
        "think": "low",
    }
    call = get_format("ollama-chat").parse(Incoming(method="POST", body=body))
    assert [message.role for message in call.messages] == [
        *("system", "user", "assistant", "tool")
    ]
    assert (call.system, call.turn, call.round) == ("Be brief.", 1, 1)
    assert (call.stream, call.max_tokens, call.stop) == (True, None, ("x",))
    assert call.overrides == {"seed": str(2**53 - 1)}
    assert call.options == {"think": True}


@settings(max_examples=300)
@given(hostile_file(), st.sampled_from(list(Unit)), st.integers(1, 40))
def test_any_text_arrives_exactly(text, unit, size):
    """Even where lines are split as Python does it, which Ollama's library is."""
    chat = read_lines(bytes_of(text, "ollama-chat", unit=unit, size=size))
    assert "".join(one["message"]["content"] for one in chat) == normalise(text)
    prompted = read_lines(bytes_of(text, "ollama-generate", unit=unit, size=size))
    assert "".join(one["response"] for one in prompted) == normalise(text)
    for lines in (chat, prompted):
        assert [one["done"] for one in lines] == [False] * (len(lines) - 1) + [True]


def read_lines(body):
    return [json.loads(line) for line in httpx.Response(200, content=body).iter_lines()]
