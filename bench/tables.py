"""What is measured: one function a table, one row a call."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.catalogue import MODELS
from bench.generator import Result, asking, hold, measure, playing
from bench.machine import Cores, Footprint
from bench.results import Row
from bench.server import Server, serve
from bench.stacks import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much of everything: seconds and streams."""

    window: float = 4
    ramp: float = 9
    """As long as a stream, so that as many end as begin at any time."""
    settle: float = 1
    streams: int = 200
    drifting: int = 400
    held: tuple[int, ...] = (1000, 5000)
    resolution: float = 1.1
    """Ratio of streams too many to streams held, at which the search ends."""
    most_probes: int = 5
    confirms: bool = True
    """Whether what the search found is tried once more."""
    most_guessed: int = 10_000
    """Streams that a search begins with at most, whatever the stack may hold."""
    background: int = 250
    """Streams that play while the time to first byte is measured."""
    crowd: int = 5000
    crowd_window: float = 50


QUICK = Scale(
    window=2.5,
    settle=0.5,
    held=(1000,),
    resolution=1.2,
    most_probes=3,
    confirms=False,
    crowd=1500,
    crowd_window=10,
)

SMOKE = Scale(
    window=1,
    settle=0.2,
    ramp=1,
    streams=10,
    drifting=10,
    held=(20,),
    resolution=1.5,
    most_probes=2,
    most_guessed=20,
    background=10,
    crowd=30,
    crowd_window=3,
)
"""Proves that all of it works; its figures mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and with what all rows are measured."""

    cores: Cores
    database: Path
    filled_in: dict[str, str]
    scale: Scale

    def serve(
        self, stack: Stack, cores: Cores | None = None, *args: str
    ) -> AbstractContextManager[Server]:
        return serve(
            stack,
            cores=cores or self.cores,
            database=self.database,
            filled_in=self.filled_in,
            args=args,
        )

    def measure(self, server: Server, *args: str, **timing: float) -> Result:
        scale = self.scale
        settle = timing.get("settle", scale.settle)
        window = timing.get("window", scale.window)
        filled_in = self.filled_in
        return measure(
            server, self.cores, filled_in, *args, settle=settle, window=window
        )

    def warm_up(self, server: Server) -> None:
        """Play some streams, so that code is loaded and compiled, and caches filled."""
        model = MODELS["burst"]
        self.measure(server, *asking(model, at_once=4), settle=0.2, window=0.5)


def churning(bench: Bench, stack: Stack, streams: int, window: float = 0) -> Result:
    """Play streams each of which is replaced when it ends, on a fresh server."""
    load = playing(MODELS["paced"], streams, ramp=bench.scale.ramp, churn=True)
    with bench.serve(stack) as server:
        bench.warm_up(server)
        return bench.measure(server, *load, window=window or bench.scale.window)


def per_event(result: Result) -> float | None:
    """Return the server's processor time for an event, in microseconds."""
    events = result["playing"]["events"] + result["asking"]["events"]
    return 1e6 * result["usage"]["server"] / events if events else None


def row_of(result: Result, *, of: str = "playing", **figures: object) -> Row:
    """Return what rows of all tables have, and a table's own figures."""
    window, usage = result["window"], result["usage"]
    mine = result[of]
    return {
        **figures,
        "disturbed": result["disturbed"],
        "idle": result["idle"],
        "cpu": usage["server"] / window,
        "clients": usage["clients"] / window,
        "others": usage["others"] / window,
        "stolen": usage["stolen"] / window,
        **{name: mine[name] for name in ("failed", "damaged", "complaint")},
        **{name: mine[name] for name in ("lateness", "gaps", "drift", "first_byte")},
        "events_per_s": mine["events_per_s"],
        "streams_per_s": mine["streams_per_s"],
        "events_per_read": mine["events"] / mine["reads"] if mine["reads"] else None,
    }


def steady(bench: Bench, stack: Stack) -> Row:
    scale = bench.scale
    load = playing(MODELS["long"], scale.streams, ramp=2, churn=False)
    with bench.serve(stack) as server:
        bench.warm_up(server)
        result = bench.measure(server, *load)
    return row_of(result, streams=scale.streams, us_per_event=per_event(result))


def churn(bench: Bench, stack: Stack) -> Row:
    result = churning(bench, stack, bench.scale.streams)
    return row_of(result, streams=bench.scale.streams, us_per_event=per_event(result))


def drift(bench: Bench, stack: Stack) -> Row:
    result = churning(bench, stack, bench.scale.drifting)
    return row_of(result, streams=bench.scale.drifting, us_per_event=per_event(result))


def _burst(bench: Bench, stack: Stack, model: str) -> Row:
    with bench.serve(stack) as server:
        bench.warm_up(server)
        load = asking(MODELS[model], at_once=8)
        result = bench.measure(server, *load, window=bench.scale.window / 2)
    return row_of(result, of="asking", us_per_event=per_event(result))


def burst(bench: Bench, stack: Stack) -> Row:
    return _burst(bench, stack, "burst")


def burst_long(bench: Bench, stack: Stack) -> Row:
    return _burst(bench, stack, "burst-long")


def setup(bench: Bench, stack: Stack) -> Row:
    """Ask for streams of two events, or for a trivial answer, as fast as it goes."""
    model = MODELS["short"]
    if stack.name.startswith("trivial"):
        model = type(model)(name="trivial", events=0, delay_ms=0)
    with bench.serve(stack) as server:
        if model.events:
            bench.warm_up(server)
        load = asking(model, at_once=16)
        result = bench.measure(server, *load, window=bench.scale.window / 2)
    streams = result["asking"]["streams"]
    each = 1e6 * result["usage"]["server"] / streams if streams else None
    return row_of(result, of="asking", us_per_stream=each)


def first_byte(bench: Bench, stack: Stack) -> Row:
    """Ask for 20 streams a second while others play."""
    background = bench.scale.background
    load = playing(MODELS["long"], background, ramp=2, churn=False)
    load += asking(MODELS["short"], rate=20)
    with bench.serve(stack) as server:
        bench.warm_up(server)
        result = bench.measure(server, *load)
    return row_of(result, of="asking", streams=background)


def memory(bench: Bench, stack: Stack) -> Row:
    """Hold streams open that say something once a second."""
    found: list[tuple[int, Footprint]] = []
    with bench.serve(stack) as server:
        if not stack.name.startswith("trivial"):
            bench.warm_up(server)

        def look(number: int) -> None:
            time.sleep(1.5)
            found.append((number, server.footprint()))

        before = server.footprint()
        held = list(bench.scale.held)
        model = MODELS["slow"]
        result = hold(server, bench.cores, bench.filled_in, model, held, look)
    window, usage = result["window"], result["usage"]
    return {
        "disturbed": result["disturbed"],
        "others": usage["others"] / window,
        "stolen": usage["stolen"] / window,
        "before": before.memory,
        "threads_before": before.threads,
        "failed": result["failed"],
        "complaint": result["complaint"],
        "held": [
            {
                "streams": number,
                "bytes_per_stream": (after.memory - before.memory) / max(number, 1),
                "threads": after.threads - before.threads,
                "database_connections": after.database_connections,
            }
            for number, after in found
        ],
    }


ROWS: dict[str, Callable[[Bench, Stack], Row]] = {
    "steady": steady,
    "churn": churn,
    "drift": drift,
    "burst": burst,
    "burst-long": burst_long,
    "setup": setup,
    "first-byte": first_byte,
    "memory": memory,
}
