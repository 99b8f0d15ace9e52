"""Anthropic's Messages: exact bytes, and the text back by httpx-sse."""

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

FORMAT = get_format("anthropic")

TOOL = Step(1, direction=Direction(name="tool", value=ToolCall("f", '{"a":1}')))
PING = 'event: ping\ndata: {"type":"ping"}\n\n'
# printf '%s 0' RUN | sha256sum | xxd -r -p | base64
SIGNATURE = "pjqGhG4Q/0kmqtyFxH+c7m1vpeyW4Vw5yBQRGTST29U="


def event(name, fields):
    return f'event: {name}\ndata: {{"type":"{name}"{fields}}}\n\n'


def start(block, index=0):
    ping = "" if index else PING
    begun = event("content_block_start", f',"index":{index},"content_block":{block}')
    return begun + ping


def delta(fields, index=0):
    return event("content_block_delta", f',"index":{index},"delta":{{{fields}}}')


def stop(index=0):
    return event("content_block_stop", f',"index":{index}')


def end(reason, sequence="null", details="null"):
    return event(
        "message_delta",
        f',"delta":{{"stop_reason":"{reason}","stop_sequence":{sequence},'
        f'"stop_details":{details}}},"usage":{{"input_tokens":3,'
        '"cache_creation_input_tokens":0,"cache_read_input_tokens":0,'
        '"output_tokens":5,"output_tokens_details":{"thinking_tokens":2}}',
    ) + event("message_stop", "")


TEXT = '{"type":"text","text":""}'
REFUSED = '{"type":"refusal","category":null,"explanation":null}'

GOLDEN = [
    (
        lambda w: w.opening(),
        event(
            "message_start",
            f',"message":{{"id":"msg_{RUN}","type":"message","role":"assistant",'
            '"model":"m","content":[],"stop_reason":null,"stop_sequence":null,'
            '"stop_details":null,"usage":{"input_tokens":3,'
            '"cache_creation_input_tokens":0,"cache_read_input_tokens":0,'
            '"output_tokens":0,"output_tokens_details":{"thinking_tokens":0},'
            '"service_tier":"standard"}}',
        ),
    ),
    (
        lambda w: w.step(Step(1, 'é"\n\u2028')),
        start(TEXT) + delta('"type":"text_delta","text":"é\\"\\n\\u2028"'),
    ),
    (
        lambda w: w.step(Step(1, "a")) + w.step(Step(2, "b")),
        start(TEXT)
        + delta('"type":"text_delta","text":"a"')
        + delta('"type":"text_delta","text":"b"'),
    ),
    (
        lambda w: w.step(Step(1, "hm", Channel.REASONING)) + w.step(Step(2, "a")),
        start('{"type":"thinking","thinking":"","signature":""}')
        + delta('"type":"thinking_delta","thinking":"hm"')
        + delta(f'"type":"signature_delta","signature":"{SIGNATURE}"')
        + stop()
        + start(TEXT, 1)
        + delta('"type":"text_delta","text":"a"', 1),
    ),
    (
        lambda w: w.step(Step(1, "no", Channel.REFUSAL)) + w.closing(),
        start(TEXT)
        + delta('"type":"text_delta","text":"no"')
        + stop()
        + end("refusal", details=REFUSED),
    ),
    (
        lambda w: w.step(TOOL) + w.step(Step(2, '{"a"', Channel.TOOL)) + w.step(TOOL),
        start(
            f'{{"type":"tool_use","id":"toolu_{RUN[:20]}_0","name":"f","input":{{}}}}'
        )
        + delta('"type":"input_json_delta","partial_json":"{\\"a\\""')
        + stop()
        + start(
            f'{{"type":"tool_use","id":"toolu_{RUN[:20]}_1","name":"f","input":{{}}}}',
            1,
        ),
    ),
    (
        lambda w: w.step(Step(1, direction=Direction(name="finish", value="length"))),
        "",
    ),
    (lambda w: w.closing(), end("end_turn")),
    (
        lambda w: w.error("Oh"),
        event(
            "error",
            f',"error":{{"type":"api_error","message":"Oh"}},"request_id":"req_{RUN}"',
        ),
    ),
]


@pytest.mark.parametrize(("write", "expected"), GOLDEN)
def test_bytes(write, expected):
    writer = FORMAT.writer(make_context(call=Call(model="m")))
    assert write(writer).decode() == expected


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"finish": "length"}, end("max_tokens")),
        ({"finish": "tool_calls"}, end("tool_use")),
        ({"finish": "content_filter"}, end("refusal", details=REFUSED)),
        ({"stopped_at": "\u2028"}, end("stop_sequence", '"\\u2028"')),
    ],
)
def test_bytes_of_an_end(context, expected):
    writer = FORMAT.writer(make_context(**context))
    assert writer.closing().decode() == expected
    # What was cut off is no refusal yet, and what says why it ends is right.
    writer.step(Step(1, "no", Channel.REFUSAL))
    assert writer.closing().decode() == stop() + expected


def test_silence_is_filled_with_pings():
    assert FORMAT.heartbeat.decode() == PING


@pytest.mark.parametrize(
    ("status", "code", "sent", "kind"),
    [
        (400, "bad_json", 400, "invalid_request_error"),
        (401, "invalid_api_key", 401, "authentication_error"),
        (403, "permission_required", 403, "permission_error"),
        (404, "model_not_found", 404, "not_found_error"),
        (405, "method_not_allowed", 405, "invalid_request_error"),
        (413, "body_too_large", 413, "request_too_large"),
        (429, "too_many_streams", 429, "rate_limit_error"),
        (429, "overloaded", 529, "overloaded_error"),
        (500, "internal_error", 500, "api_error"),
        (501, "asgi_required", 501, "api_error"),
        (503, "server_stops", 503, "overloaded_error"),
    ],
)
def test_bytes_of_a_problem(status, code, sent, kind):
    problem = Problem(status=status, code=code, message="Oh\x85")
    assert FORMAT.status(problem) == sent
    media_type, body = FORMAT.problem(problem)
    assert media_type == "application/json"
    assert body.decode() == (
        f'{{"type":"error","error":{{"type":"{kind}","message":"Oh\\u0085"}},'
        f'"request_id":"req_{problem.id}"}}'
    )
    assert FORMAT.request_headers(problem.id) == {"request-id": f"req_{problem.id}"}


def test_problems_have_ids_of_their_own():
    one, two = (Problem(status=400, code="x", message="") for _ in range(2))
    assert one == two
    assert one.id != two.id


@pytest.mark.parametrize(
    ("messages", "roles", "round", "turn", "prompt"),
    [
        ([("user", "a")], "user", 0, 1, "a"),
        ([("user", [{"type": "text", "text": "a"}])], "user", 0, 1, "a"),
        (
            [
                (
                    "user",
                    [{"type": "image", "source": {}}, {"type": "text", "text": "a"}],
                )
            ],
            *("user", 0, 1, "a"),
        ),
        (
            [("user", "a"), ("assistant", "b"), ("user", "c")],
            "user assistant user",
            0,
            2,
            "c",
        ),
        (
            [
                ("user", "a"),
                (
                    "assistant",
                    [{"type": "tool_use", "id": "t", "name": "f", "input": {}}],
                ),
                ("user", [{"type": "tool_result", "tool_use_id": "t", "content": "1"}]),
            ],
            *("user assistant tool", 1, 1, "a"),
        ),
        # Two results at once, and none in words, end one round.
        (
            [
                ("user", "a"),
                ("assistant", []),
                (
                    "user",
                    [{"type": "tool_result"}, {"type": "tool_result", "content": []}],
                ),
                ("assistant", []),
                ("user", [{"type": "tool_result", "content": "x"}]),
            ],
            *("user assistant tool tool assistant tool", 2, 1, "a"),
        ),
        # Results with words beside them: a new turn.
        (
            [
                ("user", "a"),
                ("assistant", []),
                ("user", [{"type": "tool_result"}, {"type": "text", "text": "b"}]),
            ],
            *("user assistant tool user", 0, 2, "b"),
        ),
        (
            [("user", "a"), ("system", "s"), ("assistant", "The")],
            "user assistant",
            0,
            1,
            "a",
        ),
    ],
)
def test_conversations(messages, roles, round, turn, prompt):
    body = {
        "model": "m",
        "max_tokens": 1,
        "messages": [{"role": role, "content": content} for role, content in messages],
    }
    call = FORMAT.parse(Incoming(method="POST", body=body))
    assert " ".join(message.role for message in call.messages) == roles
    assert (call.round, call.turn, call.prompt) == (round, turn, prompt)


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (None, "later"),
        ("Be brief.", "Be brief.\nlater"),
        (
            [{"type": "text", "text": "Be "}, {"type": "text", "text": "kind."}],
            "Be kind.\nlater",
        ),
    ],
)
def test_system_prompts(system, expected):
    messages = [{"role": role, "content": "later"} for role in ("user", "system")]
    body = {"model": "m", "max_tokens": 1, "system": system, "messages": messages}
    call = FORMAT.parse(Incoming(method="POST", body=body))
    assert call.system == expected
    assert [message.role for message in call.messages] == ["user"]


@settings(max_examples=300)
@given(hostile_file(), st.sampled_from(list(Unit)), st.integers(1, 40))
def test_any_text_arrives_exactly(text, unit, size):
    events = read_events(bytes_of(text, "anthropic", unit=unit, size=size))
    bodies = [json.loads(event.data) for event in events]
    assert [body["type"] for body in bodies] == [event.event for event in events]
    deltas = [b["delta"] for b in bodies if b["type"] == "content_block_delta"]
    assert "".join(one["text"] for one in deltas) == normalise(text)
    assert bodies[-1] == {"type": "message_stop"}


@settings(max_examples=100)
@given(hostile_file(), st.sampled_from(list(Unit)), st.integers(1, 9))
def test_any_thought_and_argument_arrive_exactly(text, unit, size):
    text = f"x{normalise(text)}x"
    argument = json.dumps({"a": text}).replace("-->", "--\\u003e")
    script = (
        f"<!-- stream: reasoning -->{text}<!-- stream: /reasoning -->"
        f"<!-- stream: tool f {argument} -->"
    )
    events = read_events(bytes_of(script, "anthropic", unit=unit, size=size))
    bodies = [json.loads(event.data) for event in events]
    deltas = [b["delta"] for b in bodies if b["type"] == "content_block_delta"]
    assert "".join(one.get("thinking", "") for one in deltas) == text
    partial = "".join(one.get("partial_json", "") for one in deltas)
    assert json.loads(partial) == {"a": text}
    assert bodies[-2]["delta"]["stop_reason"] == "tool_use"
