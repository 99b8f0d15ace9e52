"""Chat Completions and Completions: exact bytes, and the text back by httpx-sse."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.chunks import Unit
from streams.core.directions import Channel, ToolCall
from streams.core.script import Direction, normalise
from streams.core.steps import Step
from streams.formats import get_format
from streams.formats.call import Call
from tests.formats.runs import RUN, bytes_of, make_context
from tests.oracles import read_events
from tests.texts import hostile_file

HEAD = (
    f'data: {{"id":"chatcmpl-{RUN}","object":"chat.completion.chunk",'
    '"created":1800000000,"model":"m","service_tier":"default",'
    '"system_fingerprint":"fp_fedcba9876543210","choices":'
)


def chunk(delta, finish="null", index=0, usage=""):
    return (
        f'{HEAD}[{{"index":{index},"delta":{delta},"logprobs":null,'
        f'"finish_reason":{finish}}}]{usage}}}\n\n'
    )


TOOL = Step(1, direction=Direction(name="tool", value=ToolCall("f", '{"a":1}')))

GOLDEN = [
    (lambda w: w.opening(), chunk('{"role":"assistant","content":"","refusal":null}')),
    (
        lambda w: w.step(Step(1, 'é"\n\u2028')),
        chunk('{"content":"é\\"\\n\\u2028"}'),
    ),
    (
        lambda w: w.step(Step(1, "hm", Channel.REASONING)),
        chunk('{"reasoning_content":"hm"}'),
    ),
    (lambda w: w.step(Step(1, "no", Channel.REFUSAL)), chunk('{"refusal":"no"}')),
    (
        lambda w: w.step(TOOL) + w.step(Step(2, '{"a"', Channel.TOOL)),
        chunk(
            f'{{"tool_calls":[{{"index":0,"id":"call_{RUN[:20]}0_0","type":"function",'
            '"function":{"name":"f","arguments":""}}]}'
        )
        + chunk(
            '{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\""}}]}',
        ),
    ),
    (
        lambda w: w.step(Step(1, direction=Direction(name="finish", value="length"))),
        "",
    ),
    (lambda w: w.closing(), chunk("{}", '"stop"') + "data: [DONE]\n\n"),
    (
        lambda w: w.error("Oh"),
        f'data: {{"error":{{"message":"Oh (run {RUN})","type":"server_error",'
        '"param":null,"code":"server_error"}}\n\n',
    ),
]


@pytest.mark.parametrize(("write", "expected"), GOLDEN)
def test_bytes(write, expected):
    context = make_context(call=Call(model="m"))
    assert write(get_format("openai-chat").writer(context)).decode() == expected


def test_bytes_of_two_choices_with_usage():
    call = Call(model="m", choices=2, options={"include_usage": True})
    writer = get_format("openai-chat").writer(make_context(call=call))
    null = ',"usage":null'
    assert writer.step(Step(1, "a")).decode() == (
        chunk('{"content":"a"}', usage=null)
        + chunk('{"content":"a"}', index=1, usage=null)
    )
    assert writer.closing().decode() == (
        chunk("{}", '"stop"', usage=null)
        + chunk("{}", '"stop"', index=1, usage=null)
        + HEAD
        + '[],"usage":{"prompt_tokens":3,"completion_tokens":10,"total_tokens":13,'
        '"completion_tokens_details":{"reasoning_tokens":4}}}\n\ndata: [DONE]\n\n'
    )


COMPLETION = (
    f'data: {{"id":"cmpl-{RUN}","object":"text_completion","created":1800000000,'
    '"model":"m","system_fingerprint":"fp_fedcba9876543210","choices":[{"index":0,'
)


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda w: w.opening(), ""),
        (
            lambda w: w.step(Step(1, "a")),
            COMPLETION + '"text":"a","logprobs":null,"finish_reason":null}]}\n\n',
        ),
        (lambda w: w.step(Step(1, "hm", Channel.REASONING)), ""),
        (lambda w: w.step(TOOL), ""),
        (
            lambda w: w.closing(),
            COMPLETION
            + '"text":"","logprobs":null,"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        ),
    ],
)
def test_bytes_of_legacy_completions(write, expected):
    context = make_context(call=Call(model="m"))
    writer = get_format("openai-completions").writer(context)
    assert write(writer).decode() == expected


@settings(max_examples=300)
@given(hostile_file(), st.sampled_from(list(Unit)), st.integers(1, 40))
def test_any_text_arrives_exactly(text, unit, size):
    *events, done = read_events(bytes_of(text, "openai-chat", unit=unit, size=size))
    assert done.data == "[DONE]"
    deltas = [json.loads(e.data)["choices"][0]["delta"] for e in events]
    assert "".join(d.get("content") or "" for d in deltas) == normalise(text)
    *events, done = read_events(
        bytes_of(text, "openai-completions", unit=unit, size=size)
    )
    said = "".join(json.loads(e.data)["choices"][0]["text"] for e in events)
    assert said == normalise(text)
