"""UI message streams: exact bytes, the text back by httpx-sse, and what is read."""

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
from streams.formats.call import Call, Incoming, Message
from tests.formats.runs import RUN, bytes_of, make_context
from tests.oracles import read_events
from tests.texts import hostile_file

TOOL = Step(1, direction=Direction(name="tool", value=ToolCall("f", '{"a":"é"}')))
CALL = f'"toolCallId":"call_{RUN[:20]}_1"'
HEAD = f'data: {{"type":"start","messageId":"msg_{RUN}","messageMetadata":'

GOLDEN = {
    "opening": (
        lambda w: w.opening(),
        HEAD + '{"createdAt":1800000000000,"model":"m"}}\n\n'
        'data: {"type":"start-step"}\n\n',
    ),
    "text": (
        lambda w: w.step(Step(1, 'é"\n\u2028')) + w.step(Step(2, "b")),
        'data: {"type":"text-start","id":"01234567-1"}\n\n'
        'data: {"type":"text-delta","id":"01234567-1","delta":"é\\"\\n\\u2028"}\n\n'
        'data: {"type":"text-delta","id":"01234567-1","delta":"b"}\n\n',
    ),
    "reasoning, then text": (
        lambda w: w.step(Step(1, "hm", Channel.REASONING)) + w.step(Step(2, "a")),
        'data: {"type":"reasoning-start","id":"01234567-1"}\n\n'
        'data: {"type":"reasoning-delta","id":"01234567-1","delta":"hm"}\n\n'
        'data: {"type":"reasoning-end","id":"01234567-1"}\n\n'
        'data: {"type":"text-start","id":"01234567-2"}\n\n'
        'data: {"type":"text-delta","id":"01234567-2","delta":"a"}\n\n',
    ),
    "tool": (
        lambda w: (
            w.step(TOOL)
            + w.step(Step(2, '{"a":', Channel.TOOL))
            + w.step(Step(3, '"é"}', Channel.TOOL))
        ),
        f'data: {{"type":"tool-input-start",{CALL},"toolName":"f"}}\n\n'
        f'data: {{"type":"tool-input-delta",{CALL},"inputTextDelta":"{{\\"a\\":"}}\n\n'
        f'data: {{"type":"tool-input-delta",{CALL},"inputTextDelta":"\\"é\\"}}"}}\n\n'
        f'data: {{"type":"tool-input-available",{CALL},"toolName":"f",'
        '"input":{"a":"é"}}\n\n',
    ),
    "another direction": (
        lambda w: w.step(Step(1, direction=Direction(name="finish", value="length"))),
        "",
    ),
    "closing": (
        lambda w: w.closing(),
        'data: {"type":"finish-step"}\n\n'
        'data: {"type":"finish","finishReason":"stop","messageMetadata":'
        '{"totalTokens":8}}\n\ndata: [DONE]\n\n',
    ),
    "closing after a refusal": (
        lambda w: w.step(Step(1, "no", Channel.REFUSAL)) + w.closing(),
        'data: {"type":"text-start","id":"01234567-1"}\n\n'
        'data: {"type":"text-delta","id":"01234567-1","delta":"no"}\n\n'
        'data: {"type":"text-end","id":"01234567-1"}\n\n'
        'data: {"type":"finish-step"}\n\n'
        'data: {"type":"finish","finishReason":"content-filter","messageMetadata":'
        '{"totalTokens":8}}\n\ndata: [DONE]\n\n',
    ),
    "error": (
        lambda w: w.error("Oh"),
        f'data: {{"type":"error","errorText":"Oh (run {RUN})"}}\n\ndata: [DONE]\n\n',
    ),
}


@pytest.mark.parametrize(("write", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_bytes(write, expected):
    context = make_context(call=Call(model="m"))
    assert write(get_format("ai-sdk").writer(context)).decode() == expected


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("length", "length"),
        ("tool_calls", "tool-calls"),
        ("content_filter", "content-filter"),
    ],
)
def test_finish_reasons(finish, reason):
    end = get_format("ai-sdk").writer(make_context(finish=finish)).closing().decode()
    assert f'"finishReason":"{reason}"' in end


@settings(max_examples=300)
@given(hostile_file(), st.sampled_from(list(Unit)), st.integers(1, 40))
def test_any_text_arrives_exactly(text, unit, size):
    body = bytes_of(text, "ai-sdk", unit=unit, size=size)
    *events, done = read_events(body)
    assert done.data == "[DONE]"
    chunks = [json.loads(event.data) for event in events]
    said = "".join(c["delta"] for c in chunks if c["type"] == "text-delta")
    assert said == normalise(text)


def parse(body):
    return get_format("ai-sdk").parse(Incoming(method="POST", body=body))


def text(said):
    return {"type": "text", "text": said, "state": "done"}


def tool(state, **fields):
    return {"type": "tool-f", "toolCallId": "c", "state": state, "input": {}, **fields}


STEP = {"type": "step-start"}
USER = {"id": "u", "role": "user", "parts": [text("Cold?"), {"type": "file"}]}


def test_a_conversation_is_read_as_a_model_would_be_told_it():
    assistant = {
        "id": "a",
        "role": "assistant",
        "parts": [
            *(STEP, {"type": "reasoning", "text": "hm"}, text("Let me look.")),
            *(
                tool("output-available", output={"c": -3}),
                tool("output-error", errorText="no"),
            ),
            *(STEP, tool("output-available", output="dry")),
            *(STEP, tool("input-available")),
        ],
    }
    call = parse({"id": "chat", "messages": [USER, assistant], "trigger": "x"})
    assert call.messages == (
        Message(role="user", content="Cold?"),
        Message(role="assistant", content="Let me look."),
        Message(role="tool", content='{"c":-3}'),
        Message(role="tool", content="no"),
        Message(role="assistant", content=""),
        Message(role="tool", content="dry"),
    )
    assert (call.prompt, call.turn, call.round) == ("Cold?", 1, 2)
    assert call.options["message_id"] == "a"
    again = parse({"messages": [USER, assistant, USER]})
    assert (again.turn, again.round, again.options["message_id"]) == (2, 0, "")


def test_the_answer_to_results_goes_on_in_their_message():
    call = Call(options={"message_id": "a"})
    start = get_format("ai-sdk").writer(make_context(call=call)).opening().decode()
    assert start.startswith('data: {"type":"start","messageId":"a",')


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"parts": []}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].parts"),
        ({"messages": [{"role": "user", "parts": [1]}]}, "messages[0].parts[0]"),
        (
            {"messages": [{"role": "user", "parts": [{"type": "text"}]}]},
            "messages[0].parts[0].text",
        ),
        ({"messages": [USER], "model": 1}, "model"),
        ({"message": {"role": "user"}}, "message.parts"),
        ({"prompt": 1}, "prompt"),
    ],
)
def test_errors_name_the_field(body, param):
    with pytest.raises(Problem) as caught:
        parse(body)
    assert (caught.value.status, caught.value.param) == (400, param)


NAMES = st.sampled_from(
    [
        "messages",
        "message",
        "prompt",
        "role",
        "parts",
        "type",
        "text",
        "state",
        "output",
        "id",
        "model",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        ["user", "assistant", "text", "tool-f", "step-start", "output-available"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=12,
)
PARTS = st.fixed_dictionaries(
    {"type": VALUES}, optional={"text": VALUES, "state": VALUES, "output": VALUES}
)
MESSAGES = st.fixed_dictionaries(
    {"role": VALUES, "parts": VALUES | st.lists(PARTS | VALUES, max_size=4)}
)


@settings(max_examples=300)
@given(
    VALUES
    | st.fixed_dictionaries({"messages": st.lists(MESSAGES | VALUES, max_size=3)})
)
def test_whatever_comes_is_read_or_refused_with_a_reason(body):
    try:
        call = parse(body)
    except Problem as problem:
        assert problem.status == 400
        assert problem.message
    else:
        assert all(isinstance(message.content, str) for message in call.messages)
