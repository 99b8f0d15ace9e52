"""The Gemini API: exact bytes, and the text back by httpx-sse and by json."""

import json

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
from tests.oracles import read_events
from tests.texts import hostile_file

TOOL = Step(1, direction=Direction(name="tool", value=ToolCall("f", '{"a":1}')))
CALLED = f'{{"functionCall":{{"id":"{RUN[:20]}0_0","name":"f","args":{{"a":1}}}}}}'
USAGE = (
    '"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":3,'
    '"thoughtsTokenCount":2,"totalTokenCount":8},'
)
ERROR = f'{{"error":{{"code":500,"message":"Oh (run {RUN})","status":"INTERNAL"}}}}'


def response(part, finish="", usage=""):
    return (
        f'{{"candidates":[{{"content":{{"parts":[{part}],"role":"model"}},{finish}'
        f'"index":0}}],{usage}"modelVersion":"m","responseId":"{RUN}"}}'
    )


def event(*values):
    return f"data: {response(*values)}\r\n\r\n"


def both(writer):
    """Say one character, and end."""
    return writer.opening() + writer.step(Step(1, "a")) + writer.closing()


SAID = response('{"text":"a"}')
END = ('{"text":""}', '"finishReason":"STOP",', USAGE)

GOLDEN = {
    "gemini": [
        (lambda w: w.opening(), ""),
        (
            lambda w: w.step(Step(1, 'é"\n\u2028')),
            event('{"text":"é\\"\\n\\u2028"}'),
        ),
        (
            lambda w: w.step(Step(1, "hm", Channel.REASONING)),
            event('{"text":"hm","thought":true}'),
        ),
        (lambda w: w.step(TOOL) + w.step(Step(2, '{"a"', Channel.TOOL)), ""),
        (
            lambda w: (
                w.step(TOOL)
                + w.step(Step(5, '{"a"', Channel.TOOL))
                + w.step(Step(8, ":1}", Channel.TOOL))
            ),
            event(CALLED),
        ),
        (
            lambda w: w.step(Step(1, "no", Channel.REFUSAL)) + w.closing(),
            event('{"text":"no"}')
            + event('{"text":""}', '"finishReason":"SAFETY",', USAGE),
        ),
        (
            lambda w: w.step(Step(1, direction=Direction(name="finish", value="stop"))),
            "",
        ),
        (lambda w: w.closing(), event(*END)),
        (lambda w: w.error("Oh"), f"data: {ERROR}\r\n\r\n"),
    ],
    "gemini-array": [
        (lambda w: w.opening(), "["),
        (both, f"[{SAID},\r\n{response(*END)}]"),
        (lambda w: w.opening() + w.error("Oh"), f"[{ERROR}]"),
        (
            lambda w: w.opening() + w.step(Step(1, "a")) + w.error("Oh"),
            f"[{SAID},\r\n{ERROR}]",
        ),
    ],
}


@pytest.mark.parametrize(
    ("name", "write", "expected"),
    [(name, *row) for name, rows in GOLDEN.items() for row in rows],
)
def test_bytes(name, write, expected):
    context = make_context(call=Call(model="m"))
    assert write(get_format(name).writer(context)).decode() == expected


def test_bytes_of_two_candidates():
    writer = get_format("gemini").writer(
        make_context(call=Call(model="m", choices=2), finish="length")
    )
    said = '{"content":{"parts":[{"text":"a"}],"role":"model"},"index":'
    about = f'"modelVersion":"m","responseId":"{RUN}"}}\r\n\r\n'
    assert writer.step(Step(1, "a")).decode() == (
        f'data: {{"candidates":[{said}0}},{said}1}}],{about}'
    )
    end = (
        '{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"MAX_TOKENS"'
    )
    assert writer.closing().decode() == (
        f'data: {{"candidates":[{end},"index":0}},{end},"index":1}}],'
        '"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":6,'
        f'"thoughtsTokenCount":4,"totalTokenCount":13}},{about}'
    )


def test_a_script_without_a_word_has_a_part():
    context = make_context(call=Call(model="m", stream=False))
    [candidate] = get_format("gemini").complete([], context)["candidates"]
    assert candidate["content"]["parts"] == [{"text": ""}]


@pytest.mark.parametrize(
    ("status", "code", "name"),
    [
        *((400, 400, "INVALID_ARGUMENT"), (401, 401, "UNAUTHENTICATED")),
        *((403, 403, "PERMISSION_DENIED"), (404, 404, "NOT_FOUND")),
        *((405, 405, "INVALID_ARGUMENT"), (413, 413, "INVALID_ARGUMENT")),
        *((429, 429, "RESOURCE_EXHAUSTED"), (500, 500, "INTERNAL")),
        *((501, 501, "UNIMPLEMENTED"), (503, 503, "UNAVAILABLE")),
    ],
)
def test_statuses(status, code, name):
    problem = Problem(status=status, code="x", message="Oh")
    media_type, body = get_format("gemini").problem(problem)
    assert media_type == "application/json; charset=UTF-8"
    assert json.loads(body) == {
        "error": {"code": code, "message": "Oh", "status": name}
    }
    _, array = get_format("gemini-array").problem(problem)
    assert array == b"[" + body + b"]"


def test_a_full_server_is_unavailable_with_the_time_to_come_back():
    problem = Problem(
        status=429, code="overloaded", message="Full", headers={"Retry-After": "5"}
    )
    wire_format = get_format("gemini")
    assert wire_format.status(problem) == 503
    error = json.loads(wire_format.problem(problem)[1])["error"]
    assert (error["code"], error["status"]) == (503, "UNAVAILABLE")
    assert error["details"] == [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "5s"}
    ]


def test_what_is_read_of_a_request():
    """Part by part: thoughts, images and calls are no text; both spellings count."""
    body = {
        "contents": [
            {"parts": [{"text": "Look: "}, {"inline_data": {}}, {"text": "what?"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "Hm.", "thought": True},
                    {"text": "A cat."},
                    {"functionCall": {"name": "f"}},
                ],
            },
            {
                "role": "user",
                "parts": [{"function_response": {"name": "f", "response": {"x": 1}}}],
            },
        ],
        "systemInstruction": {"parts": [{"text": "Be "}, {"text": "brief."}]},
        "generation_config": {
            "maxOutputTokens": 5,
            "stop_sequences": ["x"],
            "seed": -1,
            "thinkingConfig": {"include_thoughts": False},
        },
    }
    call = get_format("gemini").parse(Incoming(method="POST", body=body))
    assert [(m.role, m.content) for m in call.messages] == [
        ("user", "Look: what?"),
        ("assistant", "A cat."),
        ("tool", '{"x":1}'),
    ]
    assert (call.prompt, call.turn, call.round) == ("Look: what?", 1, 1)
    assert call.system == "Be brief."
    assert (call.max_tokens, call.stop, call.choices) == (5, ("x",), 1)
    assert call.overrides == {"seed": str(2**53 - 1)}
    assert call.options == {"thoughts": False}
    assert call.params == body


def text_of(responses):
    parts = [r["candidates"][0]["content"]["parts"][0] for r in responses]
    return "".join(part["text"] for part in parts)


@settings(max_examples=300)
@given(hostile_file(), st.sampled_from(list(Unit)), st.integers(1, 40))
def test_any_text_arrives_exactly(text, unit, size):
    events = read_events(bytes_of(text, "gemini", unit=unit, size=size))
    assert text_of(json.loads(e.data) for e in events) == normalise(text)
    assert {(e.event, e.id, e.retry) for e in events} == {("message", "", None)}
    array = json.loads(bytes_of(text, "gemini-array", unit=unit, size=size))
    assert text_of(array) == normalise(text)
