"""A run: frames in time, a clean end whatever happens, and how it ended."""

import asyncio

import pytest

from streams.control import end_runs, halt_runs
from streams.core.chunks import Unit
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.playback import MonotonicClock
from streams.core.script import compile_script
from streams.core.steps import lay_out
from streams.formats.base import Context
from streams.formats.plain import PlainFormat, PlainWriter
from streams.playing.run import Run
from tests.clocks import FakeClock
from tests.oracles import read_events


def make_run(body="abc", wire_format=None, heartbeat=None, clock=None, **pacing):
    planned = plan(lay_out(compile_script(body), Unit.GRAPHEME, 1), Pacing(**pacing))
    context = Context(
        run_id="r", slug="s", revision="0" * 16, seed=0, retry_ms=100, end=9
    )
    return Run(
        planned,
        wire_format or PlainFormat(),
        context,
        heartbeat=heartbeat,
        clock=clock or FakeClock(),
    )


class BrokenWriter(PlainWriter):
    def step(self, step):
        if step.position == 2:
            raise RuntimeError("out of ink")
        return super().step(step)


class Broken(PlainFormat):
    def writer(self, context):
        return BrokenWriter(context)


async def test_heartbeats_come_between_events_and_never_look_like_one():
    run = make_run("ab", heartbeat=3, delay=7)
    frames = [frame async for frame in run.frames()]
    assert frames[2:4] == [b": heartbeat\n", b": heartbeat\n"]
    assert [e.data for e in read_events(b"".join(frames))] == ["a", "b", "[DONE]"]


async def test_the_first_chunk_is_the_first_that_is_said():
    """Not what a format begins with, no heartbeat, and nothing that only acts."""
    run = make_run("<!-- stream: hold -->ab", heartbeat=3, delay=7, ttft=5)
    run.begin()
    assert run.tally.first_byte is not None
    heard = []
    for _ in range(20):
        await run.clock.sleep(run.wait())
        heard.append(run.advance())
        if run.tally.first_chunk is not None:
            break
        if run.held and len(heard) > 4:
            run.release()
    run.close()
    assert heard.count(b": heartbeat\n") > 2
    assert [b"data:" in frame for frame in heard] == [False] * (len(heard) - 1) + [True]


async def test_a_failure_in_mid_stream_ends_with_an_error_event(caplog):
    run = make_run(wire_format=Broken(), delay=0.1)
    body = b"".join([frame async for frame in run.frames()])
    first, error = read_events(body)
    assert first.data == "a"
    assert error.event == "error"
    assert "failed on the server, as run r" in error.data
    assert "out of ink" not in body.decode()
    assert "out of ink" in caplog.text
    assert run.tally.outcome == "failed"


async def test_what_came_before_a_failure_is_sent_though_it_was_due_with_it():
    run = make_run("abc", wire_format=Broken(), delay=0)
    first, error = read_events(b"".join([frame async for frame in run.frames()]))
    assert (first.data, error.event) == ("a", "error")
    assert (run.tally.outcome, run.tally.steps) == ("failed", 1)


@pytest.mark.parametrize("broken", ["writer", "opening", "goodbye", "error"])
async def test_a_format_that_fails_anywhere_ends_the_run(broken, caplog, monkeypatch):
    """With an error event, or where that fails, too, without an end."""

    def fail(*_):
        raise RuntimeError("out of ink")

    wire_format = Broken()
    if broken == "writer":
        monkeypatch.setattr(wire_format, "writer", fail, raising=False)
    else:
        monkeypatch.setattr(BrokenWriter, broken, fail)
    run = make_run(wire_format=wire_format, delay=0.1)
    ended = []
    run.on_end = lambda: ended.append(run.tally.outcome)
    said = run.begin()
    said += run.goodbye() if broken == "goodbye" else b""
    while not run.ended:
        await run.clock.sleep(run.wait())
        said += run.advance()
    run.close()
    assert ended == ["failed"]
    assert run.dropped == (broken in ("writer", "error"))
    assert (b"event: error" in said) != run.dropped
    assert "out of ink" in caplog.text


async def test_a_client_that_leaves_is_no_error(caplog):
    caplog.set_level("INFO", "streams.runs")
    run = make_run(delay=0.5)
    frames = run.frames()
    for _ in range(3):
        await anext(frames)
    await frames.aclose()
    assert run.tally.outcome == "cut"
    [record] = caplog.records
    assert record.getMessage().startswith(
        "run r of s (plain): cut after 0.500 s, 2 of 3 steps"
    )


async def test_a_run_knows_what_it_sent():
    run = make_run("abc", delay=0)
    body = b"".join([frame async for frame in run.frames()])
    assert (run.tally.outcome, run.tally.steps, run.tally.bytes) == (
        "completed",
        3,
        len(body),
    )


@pytest.mark.parametrize("speed", [0.5, 2])
async def test_the_stream_closes_when_the_plan_says(speed):
    run = make_run("a<!-- stream: pause 4s -->", delay=0, speed=speed)
    _ = [frame async for frame in run.frames()]
    assert run.clock.now() == 4 / speed


class Stoppable(PlainWriter):
    def stopped(self, at):
        return b"data: stopped at %d\n\n" % at


class StoppableFormat(PlainFormat):
    def writer(self, context):
        return Stoppable(context)


async def test_a_halted_run_says_no_more_and_ends_when_told():
    clock = MonotonicClock()
    run = make_run("abcd", StoppableFormat(), clock=clock, delay=0.1)
    frames = run.frames()
    for _ in range(3):
        await anext(frames)
    last = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0.01)
    assert await halt_runs("another") is None
    assert await halt_runs("r") == 2
    await asyncio.sleep(0.15)
    assert not last.done()
    await end_runs("r", 1_800_000_000)
    assert await last == b"data: stopped at 1800000000\n\n"
    with pytest.raises(StopAsyncIteration):
        await anext(frames)
    assert (run.tally.outcome, run.tally.steps) == ("stopped", 2)


async def test_a_run_halted_before_its_first_step_says_nothing():
    run = make_run("abcd", StoppableFormat(), delay=0)
    assert await halt_runs("r") == 0
    await end_runs("r", 7)
    body = b"".join([frame async for frame in run.frames()])
    assert [event.data for event in read_events(body)] == ["stopped at 7"]


async def test_a_format_that_cannot_say_so_takes_a_stop_for_an_error():
    run = make_run("abcd", delay=0)
    await halt_runs("r")
    await end_runs("r", 7)
    body = b"".join([frame async for frame in run.frames()])
    [error] = read_events(body)
    assert "This was stopped on request." in error.data
