"""A recording of each vendor's stream plays as it came: the same deltas, on time.

The files in `golden` are captures as people make them, each with its times in one of
the ways that can be read; beside each is what is said in it, and when.
"""

import json
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.capture import (
    READERS,
    Called,
    CaptureError,
    Said,
    Timestamps,
    read_capture,
    write_script,
)
from streams.core.directions import Channel
from streams.core.extent import extent
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import compile_script
from streams.core.steps import Unit, lay_out
from streams.formats import get_format
from streams.playing.run import Run
from tests.clocks import FakeClock
from tests.formats.heard import heard
from tests.formats.runs import make_context

GOLDEN = Path(__file__).parent / "golden"
CAPTURES = sorted(GOLDEN.glob("*.txt"), key=lambda path: path.stem)

MOST = 0.005
"""Seconds that a gap may differ by."""


def format_of(capture):
    """Return the format that a file's name begins with."""
    return max((name for name in READERS if capture.stem.startswith(name)), key=len)


def expected_of(capture):
    expected = json.loads(capture.with_suffix(".json").read_text("utf-8"))
    return expected["finish"], [tuple(said) for said in expected["said"]]


def kind_and_value(entry):
    if isinstance(entry, Said):
        return Channel(entry.channel).name.lower(), entry.text
    return ("call" if isinstance(entry, Called) else "event"), entry.name


async def replayed(body, wire_format, *, speed=1.0):
    """Play a script as a server does; return what a client hears, and when."""
    steps = lay_out(compile_script(body), Unit.WORD, 3)
    # As to a client with tools, that has no results of theirs yet.
    said = extent(steps, round=0, fit=lambda text, most: None)
    context = make_context(finish=said.finish, end=said.steps.end)
    pacing = Pacing(delay=0.03, ttft=1.0, speed=speed)
    clock = FakeClock()
    run = Run(plan(said.steps, pacing), get_format(wire_format), context, clock=clock)
    found = []
    async for frame in run.frames():
        found += [(*pair, clock.now()) for pair in heard(frame, wire_format)]
    assert run.tally.outcome == "completed"
    return found


def assert_in_time(found, expected, *, speed=1.0):
    assert [said[:2] for said in found] == [said[:2] for said in expected]
    pairs = zip(pairwise(found), pairwise(expected), strict=True)
    for (before, after), (then, now) in pairs:
        gap = (now[2] - then[2]) / speed
        assert after[2] - before[2] == pytest.approx(gap, abs=MOST), after


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_a_capture_is_read(capture):
    finish, expected = expected_of(capture)
    recording = read_capture(capture.read_bytes())
    assert (recording.format, recording.finish) == (format_of(capture), finish)
    found = [(*kind_and_value(entry), entry.at) for entry in recording.entries]
    assert_in_time(found, expected)
    assert found[0][2] == pytest.approx(expected[0][2], abs=MOST)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
async def test_a_recording_plays_as_it_came(capture):
    _, expected = expected_of(capture)
    body = write_script(read_capture(capture.read_bytes()))
    if format_of(capture) == "openai-responses":
        # Its clients choke on events that they do not know: formats for them have none.
        expected = [said for said in expected if said[0] != "event"]
    found = await replayed(body, format_of(capture))
    assert_in_time(found, expected)
    assert found[0][2] == pytest.approx(expected[0][2], abs=MOST)


async def test_a_recording_plays_faster():
    capture = GOLDEN / "openai-chat.txt"
    body = write_script(read_capture(capture.read_bytes()))
    found = await replayed(body, "openai-chat", speed=4)
    assert_in_time(found, expected_of(capture)[1], speed=4)


async def test_a_recording_of_one_vendor_plays_as_another():
    capture = GOLDEN / "anthropic.txt"
    body = write_script(read_capture(capture.read_bytes()))
    assert_in_time(await replayed(body, "openai-chat"), expected_of(capture)[1])


def test_ollama_says_itself_when_it_said_what():
    """Without the proxy's times there are those in the lines; or none, if asked for."""
    capture = GOLDEN / "ollama-chat.txt"
    with_times = read_capture(capture.read_bytes())
    lines = [json.loads(line)["data"] for line in capture.read_text().splitlines()]
    alone = read_capture("".join(lines).encode())
    assert [entry.at for entry in alone.entries] == [
        pytest.approx(entry.at, abs=MOST) for entry in with_times.entries
    ]
    without = read_capture("".join(lines).encode(), timestamps=Timestamps.NONE)
    assert not without.timed
    assert [kind_and_value(entry) for entry in without.entries] == [
        kind_and_value(entry) for entry in with_times.entries
    ]
    assert "timing" not in write_script(without)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
@settings(max_examples=40)
@given(st.data())
def test_a_file_that_is_cut_off_or_damaged_is_refused_or_says_the_same(capture, data):
    """Nothing but CaptureError is raised, and no delta is lost without a word."""
    whole = capture.read_bytes()
    end = data.draw(st.integers(0, len(whole)))
    with suppress(CaptureError):
        read = read_capture(whole[:end]).entries
        if format_of(capture) in ("plain", "envelope"):
            # Such a server says in no way that it is through.
            assert read == read_capture(whole).entries[: len(read)]
        else:
            assert read == read_capture(whole).entries
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.sampled_from([b"", b"\n", b'"', b"{", b"7", b"\xff", b"]"]))
    with suppress(CaptureError):
        write_script(read_capture(whole[:at] + byte + whole[at + 1 :]))
