"""The two formats of our own: exact bytes, and the text back through httpx-sse."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.chunks import Unit
from streams.core.directions import Channel, ToolCall
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import Direction, compile_script, normalise
from streams.core.steps import Step, lay_out
from streams.formats import get_format
from streams.formats.base import Context
from streams.playing.run import Run
from tests.clocks import FakeClock
from tests.oracles import read_events, spoken
from tests.texts import hostile_file
from tests.thorough import many

CONTEXT = Context(
    run_id="f" * 32, slug="s", revision="0123456789abcdef", seed=1, retry_ms=3000, end=2
)

TOOL = Step(2, direction=Direction(name="tool", value=ToolCall("f", '{"a":1}')))

GOLDEN = {
    "plain": [
        (lambda w: w.opening(), b": run " + b"f" * 32 + b"\nretry: 3000\n"),
        (
            lambda w: w.step(Step(1, "a")),
            b"id: 0123456789abcdef-1\ndata: a\n\n",
        ),
        (
            lambda w: w.step(Step(9, "\n ")),
            b"id: 0123456789abcdef-9\ndata: \ndata:  \n\n",
        ),
        (lambda w: w.step(Step(1, direction=Direction(name="hold"))), b""),
        (
            lambda w: w.step(Step(2, "hm", Channel.REASONING)),
            b"event: reasoning\nid: 0123456789abcdef-2\ndata: hm\n\n",
        ),
        (
            lambda w: w.step(Step(2, "no", Channel.REFUSAL)),
            b"id: 0123456789abcdef-2\ndata: no\n\n",
        ),
        (
            lambda w: w.step(TOOL) + w.step(Step(3, "{", Channel.TOOL)),
            b"event: tool\nid: 0123456789abcdef-2\n"
            b'data: {"name":"f","arguments":"{\\"a\\":1}"}\n\n',
        ),
        (
            lambda w: w.closing(),
            b"event: done\nid: 0123456789abcdef-3\ndata: [DONE]\n\n",
        ),
        (
            lambda w: w.error("Oh"),
            b'event: error\ndata: {"code":500,"message":"Oh","run":"'
            + b"f" * 32
            + b'"}\n\n',
        ),
        (
            lambda w: w.goodbye(),
            b": the server stops: come back\nretry: 500\n",
        ),
    ],
    "envelope": [
        (
            lambda w: w.step(Step(1, 'é"\n\u2028')),
            b'id: 0123456789abcdef-1\ndata: {"code":200,"message":"success","event":'
            b'{"id":"0123456789abcdef-1","data":"\xc3\xa9\\"\\n\\u2028"}}\n\n',
        ),
        (
            lambda w: w.step(TOOL),
            b'event: tool\nid: 0123456789abcdef-2\ndata: {"code":200,'
            b'"message":"success","event":{"id":"0123456789abcdef-2",'
            b'"data":"{\\"name\\":\\"f\\",\\"arguments\\":\\"{\\\\\\"a\\\\\\":1}\\"}"}}\n\n',
        ),
        (
            lambda w: w.closing(),
            b"event: done\nid: 0123456789abcdef-3\ndata: [DONE]\n\n",
        ),
        (
            lambda w: w.error("Oh"),
            b'event: error\ndata: {"code":500,"message":"Oh","event":null}\n\n',
        ),
    ],
}


@pytest.mark.parametrize(
    ("name", "make", "expected"),
    [(name, make, data) for name, rows in GOLDEN.items() for make, data in rows],
)
def test_bytes(name, make, expected):
    assert make(get_format(name).writer(CONTEXT)) == expected


async def play(text, unit, size, name):
    planned = plan(lay_out(compile_script(text), unit, size), Pacing(delay=0))
    context = Context(
        run_id="r",
        slug="s",
        revision="0" * 16,
        seed=0,
        retry_ms=100,
        end=planned.steps.end,
    )
    run = Run(planned, get_format(name), context, clock=FakeClock())
    return b"".join([frame async for frame in run.frames()])


@settings(max_examples=many(1000))
@given(hostile_file(), st.sampled_from(list(Unit)), st.integers(1, 40))
def test_any_text_arrives_exactly(text, unit, size):
    """In any unit and size, whatever a file brings: joined data equals the script."""
    import asyncio

    stored = normalise(text)
    assert spoken(asyncio.run(play(text, unit, size, "plain"))) == stored
    events = read_events(asyncio.run(play(text, unit, size, "envelope")))
    assert events[-1].event == "done"
    envelopes = [json.loads(event.data) for event in events[:-1]]
    assert "".join(e["event"]["data"] for e in envelopes) == stored
    assert [e["event"]["id"] for e in envelopes] == [e.id for e in events[:-1]]


async def test_ids_grow_with_each_event():
    body = await play("abc", Unit.GRAPHEME, 1, "plain")
    positions = [int(event.id.split("-")[1]) for event in read_events(body)]
    assert positions == [1, 2, 3, 4]
