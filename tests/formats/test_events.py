"""What a script's own events become, and that the vendors' streams show none of them."""

import json

import pytest

from streams.core.chunks import Unit
from streams.core.script import compile_script
from streams.core.steps import lay_out
from streams.formats import FORMATS
from streams.formats.socket import SocketFormat
from tests.formats.runs import make_context
from tests.oracles import read_events

EVENT = '<!-- stream: event progress {"percent": 40, "by": "é\\u2028\\n"} -->'
DATA = {"percent": 40, "by": "é\u2028\n"}
CARRIED = ("plain", "envelope", "ai-sdk")


def written(body, wire_format):
    steps = lay_out(compile_script(body), Unit.GRAPHEME, 9)
    writer = wire_format.writer(make_context())
    return b"".join([writer.opening(), *map(writer.step, steps), writer.closing()])


def test_plain_and_envelope_carry_it_under_its_name_with_an_id():
    [event] = [
        event
        for event in read_events(written(f"a{EVENT}b", FORMATS["plain"]))
        if event.event == "progress"
    ]
    assert (json.loads(event.data), event.id) == (DATA, "fedcba9876543210-2")
    [event] = [
        event
        for event in read_events(written(f"a{EVENT}b", FORMATS["envelope"]))
        if event.event == "progress"
    ]
    inside = json.loads(event.data)["event"]
    assert (json.loads(inside["data"]), inside["id"]) == (DATA, event.id)


def test_the_ai_sdk_gets_a_data_part():
    events = read_events(written(f"a{EVENT}b", FORMATS["ai-sdk"]))
    chunks = [json.loads(event.data) for event in events if event.data != "[DONE]"]
    assert {"type": "data-progress", "data": DATA} in chunks


def test_a_socket_gets_a_frame():
    frames = written(f"a{EVENT}b", SocketFormat()).decode().split("\n")
    assert {"event": "progress", "id": "fedcba9876543210-2", "data": DATA} in [
        json.loads(frame) for frame in frames if frame
    ]


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in CARRIED])
def test_the_vendors_formats_leave_it_out_and_every_act_too(name):
    acts = "".join(
        f"<!-- stream: {words} -->"
        for words in ("hold", "drop", "stall 1s", "error", "malformed", "emit x")
    )
    wire_format = FORMATS[name]
    assert written(f"a{EVENT}{acts}b", wire_format) == written(
        "a<!-- stream: cut -->b", wire_format
    )
