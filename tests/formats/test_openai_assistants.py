"""OpenAI's Assistants: exact bytes, and the text back by httpx-sse."""

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
from streams.formats.base import Usage
from streams.formats.call import Call, Incoming
from streams.formats.openai_assistants_outcome import Outcome
from tests.formats.runs import RUN, bytes_of, make_context
from tests.oracles import read_events
from tests.texts import hostile_file

FORMAT = get_format("openai-assistants")

BEGAN, ENDED = 1_800_000_000, 1_800_000_002
ID = "0123456789abcdef01234567"
MSG, CALL = f"msg_{ID}", "call_0123456789abcdef01230_"
SAID, CALLED = "step_0123456789abcdef01234560", "step_0123456789abcdef01234561"
OF_THE_RUN = f'"assistant_id":"asst_{ID}","thread_id":"thread_{ID}"'
IN_PROGRESS = '"status":"in_progress"'

TOOL = Step(1, direction=Direction(name="tool", value=ToolCall("f", '{"a":1}')))


def event(name, data):
    return f"event: {name}\ndata: {data}\n\n"


DONE = event("done", "[DONE]")


def run(status, *, started=BEGAN, expires=ENDED + 600, usage="null", **own):
    times = {"cancelled": "null", "completed": "null"} | own
    return (
        f'{{"id":"run_{ID}","object":"thread.run","created_at":{BEGAN},{OF_THE_RUN},'
        f'"status":"{status}","started_at":{started},"expires_at":{expires},'
        f'"cancelled_at":{times["cancelled"]},"failed_at":null,'
        f'"completed_at":{times["completed"]},'
        f'"required_action":{own.get("action", "null")},"last_error":null,'
        f'"incomplete_details":{own.get("details", "null")},"model":"m",'
        '"instructions":"Be brief.","tools":[],"metadata":{},"temperature":1.0,'
        '"top_p":1.0,"max_prompt_tokens":null,"max_completion_tokens":null,'
        '"truncation_strategy":{"type":"auto","last_messages":null},'
        '"tool_choice":"auto","parallel_tool_calls":true,"response_format":"auto",'
        f'"usage":{usage}}}'
    )


def message(status, content, *, completed="null", incomplete="null", details="null"):
    return (
        f'{{"id":"{MSG}","object":"thread.message","created_at":{BEGAN},{OF_THE_RUN},'
        f'"run_id":"run_{ID}","role":"assistant","content":[{content}],'
        f'"attachments":[],"metadata":{{}},"status":"{status}",'
        f'"completed_at":{completed},"incomplete_at":{incomplete},'
        f'"incomplete_details":{details}}}'
    )


def step(
    id, type, status, details, *, cancelled="null", completed="null", usage="null"
):
    return (
        f'{{"id":"{id}","object":"thread.run.step","created_at":{BEGAN},'
        f'"run_id":"run_{ID}",{OF_THE_RUN},"type":"{type}","status":"{status}",'
        f'"cancelled_at":{cancelled},"completed_at":{completed},"expired_at":null,'
        '"failed_at":null,"last_error":null,'
        f'"step_details":{{"type":"{type}","{type}":{details}}},"metadata":{{}},'
        f'"usage":{usage}}}'
    )


def saying(status, **own):
    return step(SAID, "message_creation", status, f'{{"message_id":"{MSG}"}}', **own)


def calling(status, calls="", **own):
    return step(CALLED, "tool_calls", status, f"[{calls}]", **own)


def text(value):
    return f'{{"type":"text","text":{{"value":"{value}","annotations":[]}}}}'


def delta(part):
    data = f'{{"id":"{MSG}","object":"thread.message.delta","delta":{{"content":[{part}]}}}}'
    return event("thread.message.delta", data)


def first(value, index=0):
    part = (
        f'"index":{index},"type":"text","text":{{"value":"{value}","annotations":[]}}'
    )
    return delta(f"{{{part}}}")


def more(value, index=0):
    return delta(f'{{"index":{index},"type":"text","text":{{"value":"{value}"}}}}')


def call(fields):
    details = f'{{"type":"tool_calls","tool_calls":[{{{fields}}}]}}'
    data = f'{{"id":"{CALLED}","object":"thread.run.step.delta","delta":{{"step_details":{details}}}}}'
    return event("thread.run.step.delta", data)


def named(index):
    return call(
        f'"index":{index},"id":"{CALL}{index}","type":"function",'
        '"function":{"name":"f","arguments":"","output":null}'
    )


def called(index, arguments, output=',"output":null'):
    return (
        f'{{"id":"{CALL}{index}","type":"function",'
        f'"function":{{"name":"f","arguments":"{arguments}"{output}}}}}'
    )


def begin(what, *objects):
    """Return the two events with which a thing begins, for each of them."""
    return "".join(
        event(f"{name}.created", data) + event(f"{name}.in_progress", data)
        for name, data in zip(what, objects, strict=True)
    )


USED = '{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}'
NONE_USED = '{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}'

BEGIN_MESSAGE = begin(
    ("thread.run.step", "thread.message"),
    saying("in_progress"),
    message("in_progress", ""),
)
BEGIN_CALLS = begin(("thread.run.step",), calling("in_progress"))


def end_message(content, at=ENDED, usage=USED):
    return event(
        "thread.message.completed", message("completed", content, completed=at)
    ) + event(
        "thread.run.step.completed", saying("completed", completed=at, usage=usage)
    )


COMPLETED = (
    event(
        "thread.run.completed",
        run("completed", completed=ENDED, expires="null", usage=USED),
    )
    + DONE
)


def waiting(*calls):
    outputs = f'{{"tool_calls":[{",".join(calls)}]}}'
    action = f'{{"type":"submit_tool_outputs","submit_tool_outputs":{outputs}}}'
    return (
        event("thread.run.requires_action", run("requires_action", action=action))
        + DONE
    )


def cancelled(*ends):
    return (
        event("thread.run.cancelling", run("cancelling"))
        + "".join(ends)
        + event(
            "thread.run.cancelled",
            run("cancelled", cancelled=BEGAN + 1, expires="null"),
        )
        + DONE
    )


GOLDEN = [
    (
        lambda w: w.opening(),
        event("thread.run.created", run("queued", started="null"))
        + event("thread.run.queued", run("queued", started="null"))
        + event("thread.run.in_progress", run("in_progress")),
    ),
    (
        lambda w: w.step(Step(1, 'é"\n\u2028')) + w.step(Step(2, "b")),
        BEGIN_MESSAGE + first('é\\"\\n\\u2028') + more("b"),
    ),
    (lambda w: w.step(Step(1, "hm", Channel.REASONING)), ""),
    (
        lambda w: (
            w.step(Step(1, "no", Channel.REFUSAL))
            + w.step(Step(2, "hm", Channel.REASONING))
            + w.step(Step(3, "!", Channel.REFUSAL))
            + w.step(Step(4, "a"))
            + w.step(Step(5, "b"))
            + w.closing()
        ),
        BEGIN_MESSAGE
        + delta('{"index":0,"type":"refusal","refusal":"no"}')
        + delta('{"index":0,"type":"refusal","refusal":"!"}')
        + first("a", 1)
        + more("b", 1)
        + end_message('{"type":"refusal","refusal":"no!"},' + text("ab"))
        + COMPLETED,
    ),
    (
        lambda w: (
            w.step(Step(1, "a"))
            + w.step(TOOL)
            + w.step(Step(2, '{"a"', Channel.TOOL))
            # White space between calls that are made together says nothing.
            + w.step(Step(3, "\n"))
            + w.step(TOOL)
            + w.step(Step(4, "{}", Channel.TOOL))
            + w.closing()
        ),
        BEGIN_MESSAGE
        + first("a")
        + end_message(text("a"), BEGAN, NONE_USED)
        + BEGIN_CALLS
        + named(0)
        + call('"index":0,"type":"function","function":{"arguments":"{\\"a\\""}')
        + named(1)
        + call('"index":1,"type":"function","function":{"arguments":"{}"}')
        + waiting(called(0, '{\\"a\\"', ""), called(1, "{}", "")),
    ),
    (
        lambda w: w.step(TOOL) + w.closing(),
        BEGIN_CALLS + named(0) + waiting(called(0, "", "")),
    ),
    (lambda w: w.step(Step(1, direction=Direction(name="finish", value="stop"))), ""),
    (lambda w: w.closing(), BEGIN_MESSAGE + end_message(text("")) + COMPLETED),
    (lambda w: w.stopped(BEGAN + 1), cancelled()),
    (
        lambda w: w.step(Step(1, "a")) + w.stopped(BEGAN + 1),
        BEGIN_MESSAGE
        + first("a")
        + cancelled(
            event(
                "thread.message.incomplete",
                message(
                    "incomplete",
                    text("a"),
                    incomplete=BEGAN + 1,
                    details='{"reason":"run_cancelled"}',
                ),
            ),
            event(
                "thread.run.step.cancelled", saying("cancelled", cancelled=BEGAN + 1)
            ),
        ),
    ),
    (
        lambda w: w.step(TOOL) + w.stopped(BEGAN + 1),
        BEGIN_CALLS
        + named(0)
        + cancelled(
            event(
                "thread.run.step.cancelled",
                calling("cancelled", called(0, ""), cancelled=BEGAN + 1),
            )
        ),
    ),
    (
        lambda w: w.error("Oh"),
        event(
            "error",
            f'{{"error":{{"message":"Oh (run {RUN})","type":"server_error",'
            '"param":null,"code":"server_error"}}',
        ),
    ),
]


def context_of(**values):
    defaults = {"call": Call(model="m", system="Be brief."), "duration": 2.5}
    return make_context(**defaults | values)


@pytest.mark.parametrize(("write", "expected"), GOLDEN)
def test_bytes(write, expected):
    assert write(FORMAT.writer(context_of())).decode() == expected


@pytest.mark.parametrize(
    ("finish", "reason", "limit"),
    [
        ("length", "max_tokens", '"max_completion_tokens"'),
        ("content_filter", "content_filter", "null"),
    ],
)
def test_bytes_of_an_early_end(finish, reason, limit):
    writer = FORMAT.writer(context_of(finish=finish))
    writer.step(Step(1, "a"))
    incomplete = message(
        "incomplete",
        text("a"),
        incomplete=ENDED,
        details=f'{{"reason":"{reason}"}}',
    )
    ended = run(
        "incomplete", expires="null", details=f'{{"reason":{limit}}}', usage=USED
    )
    assert writer.closing().decode() == (
        event("thread.message.incomplete", incomplete)
        + event(
            "thread.run.step.completed",
            saying("completed", completed=ENDED, usage=USED),
        )
        + event("thread.run.incomplete", ended)
        + DONE
    )
    # Nobody can answer a call that was cut short.
    writer.step(TOOL)
    assert writer.closing().decode() == (
        event(
            "thread.run.step.cancelled",
            calling("cancelled", called(0, ""), cancelled=ENDED),
        )
        + event("thread.run.incomplete", ended)
        + DONE
    )


def test_bytes_of_a_play_that_goes_on():
    """After the results of tools the run is not new, and all its tokens count."""
    spent = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    kept = json.loads(run("in_progress", started=BEGAN - 60))
    answered = json.loads(calling("completed", completed=BEGAN, usage=USED))
    options = {"run": kept, "spent": spent, "answered": [answered]}
    writer = FORMAT.writer(context_of(call=Call(model="m", options=options)))
    assert writer.opening().decode() == (
        event(
            "thread.run.step.completed",
            calling("completed", completed=BEGAN, usage=USED),
        )
        + event("thread.run.queued", run("queued", started=BEGAN - 60))
        + event("thread.run.in_progress", run("in_progress", started=BEGAN - 60))
    )
    total = '{"prompt_tokens":13,"completion_tokens":25,"total_tokens":38}'
    assert f'"usage":{total}' in writer.closing().decode()


def test_bytes_of_a_thread_made_for_the_run():
    options = {"run": json.loads(run("in_progress")), "thread": {"id": "thread_x"}}
    writer = FORMAT.writer(context_of(call=Call(model="m", options=options)))
    opening = writer.opening().decode()
    assert opening.startswith(event("thread.created", '{"id":"thread_x"}'))
    assert opening.endswith(event("thread.run.in_progress", run("in_progress")))


def test_a_silent_connection_is_kept_open_by_a_comment():
    assert FORMAT.heartbeat == b": heartbeat\n\n"


def test_problems_have_the_shape_of_all_of_openais():
    problem = Problem(status=404, code="not_found", message="Oh\x85", param="model")
    media_type, body = FORMAT.problem(problem)
    assert media_type == "application/json"
    assert body.decode() == (
        '{"error":{"message":"Oh\\u0085","type":"invalid_request_error",'
        '"param":"model","code":"not_found"}}'
    )


def test_a_body_with_a_thread_of_its_own():
    body = {
        "model": "m",
        "instructions": "Be brief.",
        "max_completion_tokens": 5,
        "stream": True,
        "thread": {
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "b"},
                {"role": "user", "content": [{"type": "text", "text": "c"}]},
            ]
        },
        "more": 1,
    }
    parsed = FORMAT.parse(Incoming(method="POST", body=body))
    assert (parsed.prompt, parsed.turn, parsed.round) == ("c", 2, 0)
    assert (parsed.system, parsed.model, parsed.max_tokens) == ("Be brief.", "m", 5)
    assert parsed.params["more"] == 1
    asked = FORMAT.parse(Incoming(method="GET", query={"prompt": "x"}))
    assert (asked.prompt, asked.round, asked.stream) == ("x", 0, True)


def test_a_whole_answer_is_a_list_of_messages():
    page = FORMAT.complete([Step(1, "a"), Step(2, "b")], context_of())
    assert page == {
        "object": "list",
        "data": [json.loads(message("completed", text("ab"), completed=ENDED))],
        "first_id": MSG,
        "last_id": MSG,
        "has_more": False,
    }
    tools_only = FORMAT.complete([TOOL], context_of())
    assert (tools_only["data"], tools_only["first_id"]) == ([], None)


def test_what_is_kept_is_what_was_shown():
    """Whatever was played, and wherever it was cut."""
    steps = [Step(1, "a"), Step(2, "b", Channel.REFUSAL), TOOL]
    steps.append(Step(4, "{}", Channel.TOOL))
    for count in range(len(steps) + 1):
        for end, at in (("closing", None), ("stopped", BEGAN + 1)):
            context = context_of(usage=Usage(prompt=1, completion=2))
            writer = FORMAT.writer(context)
            sent = b"".join(writer.step(one) for one in steps[:count])
            sent += writer.closing() if at is None else writer.stopped(at)
            shown = {}
            for one in read_events(sent)[:-1]:
                data = json.loads(one.data)
                if not data["object"].endswith(".delta"):
                    shown[data["id"]] = data
            kept = Outcome(context, steps[:count]).ended(cancelled_at=at)
            message = [kept.message] if kept.message else []
            expected = {one["id"]: one for one in (kept.run, *kept.steps, *message)}
            if end == "closing" and count > 2:
                # The step that waits is shown when it begins, without its calls.
                details = expected[CALLED]["step_details"]
                assert shown[CALLED]["step_details"]["tool_calls"] == []
                shown[CALLED]["step_details"] = details
            assert shown == expected


@settings(max_examples=300)
@given(hostile_file(), st.sampled_from(list(Unit)), st.integers(1, 40))
def test_any_text_arrives_exactly(script, unit, size):
    stored = normalise(script)
    events = read_events(bytes_of(stored, "openai-assistants", unit=unit, size=size))
    assert (events[-1].event, events[-1].data) == ("done", "[DONE]")
    read = [(one.event, json.loads(one.data)) for one in events[:-1]]
    deltas = [data for name, data in read if name == "thread.message.delta"]
    said = [delta["delta"]["content"][0]["text"]["value"] for delta in deltas]
    assert "".join(said) == stored
    [whole] = [data for name, data in read if name == "thread.message.completed"]
    assert whole["content"] == [
        {"type": "text", "text": {"value": stored, "annotations": []}}
    ]
    assert read[-1][0] == "thread.run.completed"
