"""A run: frames in time, a clean end whatever happens, and how it ended."""

import pytest

from streams.core.chunks import Unit
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import compile_script
from streams.core.steps import lay_out
from streams.formats.base import Context
from streams.formats.plain import PlainFormat, PlainWriter
from streams.run import Run
from tests.clocks import FakeClock
from tests.oracles import read_events


def make_run(body="abc", wire_format=None, heartbeat=None, **pacing):
    planned = plan(lay_out(compile_script(body), Unit.GRAPHEME, 1), Pacing(**pacing))
    context = Context(
        run_id="r", slug="s", revision="0" * 16, seed=0, retry_ms=100, end=9
    )
    return Run(
        planned,
        wire_format or PlainFormat(),
        context,
        heartbeat=heartbeat,
        clock=FakeClock(),
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


async def test_a_failure_in_mid_stream_ends_with_an_error_event(caplog):
    run = make_run(wire_format=Broken(), delay=0.1)
    body = b"".join([frame async for frame in run.frames()])
    first, error = read_events(body)
    assert first.data == "a"
    assert error.event == "error"
    assert "failed on the server, as run r" in error.data
    assert "out of ink" not in body.decode()
    assert "out of ink" in caplog.text
    assert run.outcome == "failed"


async def test_a_client_that_leaves_is_no_error(caplog):
    caplog.set_level("INFO", "streams.runs")
    run = make_run(delay=0.5)
    frames = run.frames()
    for _ in range(3):
        await anext(frames)
    await frames.aclose()
    assert run.outcome == "cut"
    [record] = caplog.records
    assert record.getMessage().startswith(
        "run r of s (plain): cut after 0.500 s, 2 of 3 steps"
    )


async def test_a_run_knows_what_it_sent():
    run = make_run("abc", delay=0)
    body = b"".join([frame async for frame in run.frames()])
    assert (run.outcome, run.steps_sent, run.bytes_sent) == ("completed", 3, len(body))


@pytest.mark.parametrize("speed", [0.5, 2])
async def test_the_stream_closes_when_the_plan_says(speed):
    run = make_run("a<!-- stream: pause 4s -->", delay=0, speed=speed)
    _ = [frame async for frame in run.frames()]
    assert run.clock.now() == 4 / speed
