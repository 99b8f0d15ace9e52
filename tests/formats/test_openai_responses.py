"""Responses: exact bytes, the text back by httpx-sse, and streams that go on."""

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.chunks import Unit
from streams.core.directions import Channel, ToolCall
from streams.core.script import Direction, normalise
from streams.core.steps import Step
from streams.formats import get_format
from streams.formats.call import Incoming
from streams.formats.reply import Reply
from tests.clients.scripts import SCRIPTS
from tests.formats.runs import RUN, bytes_of, make_context
from tests.oracles import read_events
from tests.texts import hostile_file

FORMAT = get_format("openai-responses")

TOOL = Step(1, direction=Direction(name="tool", value=ToolCall("f", '{"a":1}')))
MESSAGE = f'"item_id":"msg_{RUN}0000","output_index":0,"content_index":0'
THOUGHT = f'"item_id":"rs_{RUN}0000","output_index":0'
CALLED = f'"item_id":"fc_{RUN}0000","output_index":0'
TEXT = '{"type":"output_text","annotations":[],"logprobs":[],"text":%s}'
USAGE = (
    '{"input_tokens":3,"input_tokens_details":{"cached_tokens":0,'
    '"cache_write_tokens":0},"output_tokens":5,"output_tokens_details":'
    '{"reasoning_tokens":2},"total_tokens":8}'
)


def call(**fields):
    body = {"model": "m", "input": "Hello", **fields}
    return FORMAT.parse(Incoming(method="POST", body=body))


def event(name, number, fields):
    return (
        f'event: {name}\ndata: {{"type":"{name}","sequence_number":{number},'
        f"{fields}}}\n\n"
    )


def response(status, output="", **changed):
    fields = {
        "completed_at": "1800000003" if status == "completed" else "null",
        "error": "null",
        "incomplete_details": "null",
        "usage": USAGE if status in ("completed", "incomplete") else "null",
        "background": "false",
        "summary": "null",
        **changed,
    }
    return (
        f'"response":{{"id":"resp_{RUN}","object":"response",'
        f'"created_at":1800000000,"status":"{status}",'
        '"completed_at":%(completed_at)s,"error":%(error)s,'
        '"incomplete_details":%(incomplete_details)s,"model":"m","output":['
        f'{output.replace("%", "%%")}],"usage":%(usage)s,"background":%(background)s,'
        '"instructions":null,"max_output_tokens":null,"max_tool_calls":null,'
        '"metadata":{},"parallel_tool_calls":true,"previous_response_id":null,'
        '"prompt":null,"prompt_cache_key":null,'
        '"reasoning":{"effort":null,"summary":%(summary)s},'
        '"safety_identifier":null,"service_tier":"default","temperature":1.0,'
        '"text":{"format":{"type":"text"},"verbosity":"medium"},'
        '"tool_choice":"auto","tools":[],"top_logprobs":0,"top_p":1.0,'
        '"truncation":"disabled","user":null}'
    ) % fields


def message(status, parts):
    return (
        f'{{"id":"msg_{RUN}0000","type":"message","status":"{status}",'
        f'"content":[{parts}],"role":"assistant"}}'
    )


def item(name, number, written, index=0):
    fields = f'"output_index":{index},"item":{written}'
    return event(f"response.output_item.{name}", number, fields)


def part(name, number, place, written):
    return event(f"response.content_part.{name}", number, f'{place},"part":{written}')


def say_a(w):
    return w.step(Step(1, "a"))


A_BEGUN = (
    item("added", 0, message("in_progress", ""))
    + part("added", 1, MESSAGE, TEXT % '""')
    + event("response.output_text.delta", 2, f'{MESSAGE},"delta":"a","logprobs":[]')
)


def a_done(status="completed"):
    return (
        event("response.output_text.done", 3, f'{MESSAGE},"logprobs":[],"text":"a"')
        + part("done", 4, MESSAGE, TEXT % '"a"')
        + item("done", 5, message(status, TEXT % '"a"'))
    )


GOLDEN = {
    "opening": (
        lambda w: w.opening(),
        event("response.created", 0, response("in_progress"))
        + event("response.in_progress", 1, response("in_progress")),
    ),
    "text": (
        lambda w: w.step(Step(1, 'é"\n\u2028')) + w.step(Step(2, "\x85")),
        item("added", 0, message("in_progress", ""))
        + part("added", 1, MESSAGE, TEXT % '""')
        + event(
            "response.output_text.delta",
            2,
            f'{MESSAGE},"delta":"é\\"\\n\\u2028","logprobs":[]',
        )
        + event(
            "response.output_text.delta",
            3,
            f'{MESSAGE},"delta":"\\u0085","logprobs":[]',
        ),
    ),
    "reasoning": (
        lambda w: w.step(Step(1, "hm", Channel.REASONING)),
        item(
            "added",
            0,
            f'{{"id":"rs_{RUN}0000","type":"reasoning","status":"in_progress",'
            '"summary":[],"content":[]}',
        )
        + part(
            "added",
            1,
            f'{THOUGHT},"content_index":0',
            '{"type":"reasoning_text","text":""}',
        )
        + event(
            "response.reasoning_text.delta",
            2,
            f'{THOUGHT},"content_index":0,"delta":"hm"',
        ),
    ),
    "refusal after text": (
        lambda w: say_a(w) + w.step(Step(2, "no", Channel.REFUSAL)),
        A_BEGUN
        + event("response.output_text.done", 3, f'{MESSAGE},"logprobs":[],"text":"a"')
        + part("done", 4, MESSAGE, TEXT % '"a"')
        + part("added", 5, MESSAGE[:-1] + "1", '{"type":"refusal","refusal":""}')
        + event("response.refusal.delta", 6, f'{MESSAGE[:-1]}1,"delta":"no"'),
    ),
    "tool call": (
        lambda w: w.step(TOOL) + w.step(Step(2, '{"a"', Channel.TOOL)),
        item(
            "added",
            0,
            f'{{"id":"fc_{RUN}0000","type":"function_call","status":"in_progress",'
            f'"arguments":"","call_id":"call_{RUN}0000","name":"f"}}',
        )
        + event(
            "response.function_call_arguments.delta",
            1,
            f'{CALLED},"delta":"{{\\"a\\""',
        ),
    ),
    "tool call after text": (
        lambda w: say_a(w) + w.step(TOOL),
        A_BEGUN
        + a_done()
        + item(
            "added",
            6,
            f'{{"id":"fc_{RUN}0001","type":"function_call","status":"in_progress",'
            f'"arguments":"","call_id":"call_{RUN}0001","name":"f"}}',
            1,
        ),
    ),
    "other directions": (
        lambda w: w.step(Step(1, direction=Direction(name="finish", value="stop"))),
        "",
    ),
    "closing of nothing": (
        lambda w: w.closing(),
        event("response.completed", 0, response("completed")),
    ),
    "closing": (
        lambda w: say_a(w) + w.closing(),
        A_BEGUN
        + a_done()
        + event(
            "response.completed",
            6,
            response("completed", message("completed", TEXT % '"a"')),
        ),
    ),
    "error": (
        lambda w: say_a(w) + w.error("Oh"),
        A_BEGUN
        + event(
            "error",
            3,
            f'"error":{{"message":"Oh (run {RUN})","type":"server_error",'
            '"param":null,"code":"server_error"}',
        )
        + event(
            "response.failed",
            4,
            response(
                "failed",
                message("incomplete", TEXT % '"a"'),
                error=f'{{"code":"server_error","message":"Oh (run {RUN})"}}',
            ),
        ),
    ),
}


@pytest.mark.parametrize(("write", "expected"), GOLDEN.values(), ids=GOLDEN.keys())
def test_bytes(write, expected):
    context = make_context(call=call(), duration=2.9)
    assert write(FORMAT.writer(context)).decode() == expected


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("length", "max_output_tokens"), ("content_filter", "content_filter")],
)
def test_bytes_of_an_incomplete_response(finish, reason):
    writer = FORMAT.writer(make_context(call=call(), finish=finish))
    say_a(writer)
    details = f'{{"reason":"{reason}"}}'
    incomplete = message("incomplete", TEXT % '"a"')
    assert writer.closing().decode() == a_done("incomplete") + event(
        "response.incomplete",
        6,
        response("incomplete", incomplete, incomplete_details=details),
    )


def test_bytes_of_a_response_in_the_background():
    writer = FORMAT.writer(make_context(call=call(background=True)))
    assert writer.opening().decode() == event(
        "response.created", 0, response("queued", background="true")
    ) + event("response.queued", 1, response("queued", background="true"))
    begun = event("response.in_progress", 2, response("in_progress", background="true"))
    assert say_a(writer).decode().startswith(begun + "event: response.output_item")


def test_bytes_of_reasoning_as_a_summary():
    writer = FORMAT.writer(make_context(call=call(reasoning={"summary": "auto"})))
    said = writer.step(Step(1, "hm", Channel.REASONING)) + say_a(writer)
    place = f'{THOUGHT},"summary_index":0'
    whole = '{"type":"summary_text","text":"hm"}'
    shown = f'{{"id":"rs_{RUN}0000","type":"reasoning","status":"%s","summary":[%s]}}'
    summary = "response.reasoning_summary"
    assert said.decode().startswith(
        item("added", 0, shown % ("in_progress", ""))
        + event(
            f"{summary}_part.added",
            1,
            f'{place},"part":{{"type":"summary_text","text":""}}',
        )
        + event(f"{summary}_text.delta", 2, f'{place},"delta":"hm"')
        + event(f"{summary}_text.done", 3, f'{place},"text":"hm"')
        + event(f"{summary}_part.done", 4, f'{place},"part":{whole}')
        + item("done", 5, shown % ("completed", whole))
        + "event: response.output_item.added\n"
    )


def continued(**options):
    asked = call()
    asked = replace(asked, options={**asked.options, **options})
    return FORMAT.writer(make_context(call=asked))


def test_a_server_that_stops_says_how_to_go_on_where_the_response_is_kept():
    writer = continued(kept=True)
    writer.opening()
    say_a(writer)
    (told,) = read_events(writer.goodbye())
    assert (told.event, json.loads(told.data)["sequence_number"]) == ("error", 4)
    assert "starting_after=4" in json.loads(told.data)["error"]["message"]
    # Nothing is missed between.
    writer = continued(kept=True, starting_after=4)
    again = writer.opening() + say_a(writer) + writer.closing()
    assert json.loads(read_events(again)[0].data)["sequence_number"] == 5
    # Also where nothing new was said after a resumption.
    writer = continued(kept=True, starting_after=9)
    writer.opening()
    (told,) = read_events(writer.goodbye())
    assert json.loads(told.data)["sequence_number"] == 9
    assert "starting_after=9" in told.data


def test_a_server_that_stops_fails_what_is_not_kept():
    names = [told.event for told in read_events(continued().goodbye())]
    assert names == ["error", "response.failed"]


def test_whoever_goes_on_hears_of_a_failure_before_that():
    writer = continued(kept=True, starting_after=9)
    assert writer.opening() + say_a(writer) == b""
    told = [json.loads(told.data) for told in read_events(writer.error("Oh"))]
    assert [(e["type"], e["sequence_number"]) for e in told] == [
        ("error", 10),
        ("response.failed", 11),
    ]


def test_a_cancelled_response_ends_as_it_is():
    writer = continued(cancelled=True)
    say_a(writer)
    end = json.loads(read_events(writer.closing())[-1].data)
    assert (end["type"], end["response"]["status"]) == (
        *("response.incomplete", "cancelled"),
    )
    assert end["response"]["output"][0]["status"] == "incomplete"
    assert end["response"]["incomplete_details"] is None


def test_a_long_answer_is_put_together_in_no_time():
    """Character by character: copying each time would take six seconds."""
    steps = [Step(position, "今") for position in range(400_000)]
    started = time.monotonic()
    assert Reply(steps).text() == "今" * 400_000
    assert time.monotonic() - started < 2


@settings(max_examples=300)
@given(hostile_file(), st.sampled_from(list(Unit)), st.integers(1, 40))
def test_any_text_arrives_exactly(text, unit, size):
    events = [
        json.loads(event.data)
        for event in read_events(
            bytes_of(text, "openai-responses", unit=unit, size=size)
        )
    ]
    assert [e["sequence_number"] for e in events] == list(range(len(events)))
    said = "".join(
        e["delta"] for e in events if e["type"] == "response.output_text.delta"
    )
    assert said == normalise(text)
    whole = "".join(
        e["text"] for e in events if e["type"] == "response.output_text.done"
    )
    assert whole == said
    output = events[-1]["response"]["output"]
    assert "".join(p["text"] for one in output for p in one["content"]) == said


@pytest.mark.parametrize("name", ["words", "reasoning", "weather", "refusal"])
@pytest.mark.parametrize("background", [False, True])
def test_whoever_has_seen_some_events_gets_exactly_the_rest(name, background):
    body = SCRIPTS[name][0]
    asked = call(background=background)
    whole = bytes_of(body, "openai-responses", unit=Unit.WORD, call=asked)
    blocks = whole.split(b"\n\n")[:-1]
    for number in range(len(blocks) + 1):
        again = replace(asked, options={**asked.options, "starting_after": number})
        rest = bytes_of(body, "openai-responses", unit=Unit.WORD, call=again)
        assert rest == b"".join(b + b"\n\n" for b in blocks[number + 1 :])
