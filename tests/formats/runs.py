"""Playing a script in a format without a server, for tests of what is written."""

import asyncio

from streams.core.chunks import Unit
from streams.core.extent import extent
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import compile_script
from streams.core.steps import lay_out
from streams.formats import get_format
from streams.formats.base import Context, Usage
from streams.formats.call import Call
from streams.playing.run import Run
from tests.clocks import FakeClock

RUN = "0123456789abcdef" * 2


def make_context(**values) -> Context:
    """Return a context with fixed ids and times."""
    defaults = {
        "run_id": RUN,
        "slug": "s",
        "revision": "fedcba9876543210",
        "seed": 1,
        "retry_ms": 3000,
        "end": 2,
        "created": 1_800_000_000,
        "usage": Usage(prompt=3, completion=5, reasoning=2),
    }
    return Context(**defaults | values)


def bytes_of(
    body: str, name: str, *, unit=Unit.GRAPHEME, size=1, call: Call | None = None
) -> bytes:
    """Return all that a client of the format gets for a script."""
    call = call or Call(model="s")
    said = extent(
        lay_out(compile_script(body), unit, size),
        round=call.round,
        fit=lambda text, most: None if len(text) <= most else most,
    )
    context = make_context(call=call, finish=said.finish, end=said.steps.end)
    wire_format = get_format(name)
    run = Run(
        plan(said.steps, Pacing(delay=0)),
        wire_format,
        wire_format.lasting(context),
        clock=FakeClock(),
    )

    async def collect() -> bytes:
        return b"".join([frame async for frame in run.frames()])

    body_sent = asyncio.run(collect())
    assert run.tally.outcome == "completed"
    return body_sent
