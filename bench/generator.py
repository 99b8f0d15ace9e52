"""Runs the load generator, and meters who used the processor in its window."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from bench.build import LOAD
from bench.catalogue import WIDTH, Model
from bench.machine import MOST_BY_OTHERS, Cores, Meter, Usage
from bench.server import Server

LEAST_IDLE = 0.02
"""Share of the time; below it, the clients may be what sets the limit."""

Result = dict[str, Any]
"""What the generator said, and: usage (seconds), disturbed (a reason, or blank)."""


def _start(server: Server, cores: Cores, text: str, args: list[str]) -> Any:
    target = ["--port", str(server.port), "--text", text, "--width", str(WIDTH)]
    return subprocess.Popen(
        [str(LOAD), *target, "--path", server.stack.path, *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores.clients),
    )


def playing(model: Model, streams: int, *, ramp: float, churn: bool) -> list[str]:
    args = ["--playing", str(model), "--streams", str(streams), "--ramp", str(ramp)]
    return [*args, "--churn"] if churn else args


def asking(model: Model, *, at_once: int = 0, rate: float = 0) -> list[str]:
    many = ["--rate", str(rate)] if rate else ["--at-once", str(at_once)]
    return ["--asking", str(model), *many]


def measure(
    server: Server,
    cores: Cores,
    filled_in: Mapping[str, str],
    *args: str,
    settle: float,
    window: float,
    sleeps: bool = False,
) -> Result:
    """Put load on a server; return what came of it."""
    timing = ["--settle", str(settle), "--window", str(window)]
    options = [*args, *timing, *(["--wait"] if sleeps else [])]
    with _start(server, cores, filled_in["text"], options) as load:
        meter = Meter(server.pid, load.pid)
        _expect(load, "begin")
        meter.start()
        _expect(load, "end")
        usage = meter.stop()
        result: Result = json.loads(load.stdout.readline())
    return _with_usage(result, usage, sleeps=sleeps)


def _with_usage(result: Result, usage: Usage, *, sleeps: bool) -> Result:
    """Add who used the processor, and whether that disturbed the measurement."""
    result["usage"] = asdict(usage)
    result["sleeps"] = sleeps
    result["disturbed"] = _disturbance(result)
    return result


def _expect(load: Any, word: str) -> None:
    line = load.stdout.readline().strip()
    if line != word:
        raise RuntimeError(f"the load generator said {line!r}, not {word!r}")


def _disturbance(result: Result) -> str:
    window, usage = result["window"], result["usage"]
    if usage["others"] > MOST_BY_OTHERS * window:
        share = f"{usage['others'] / window:.1%} of a core"
        return f"other processes took {share}, {usage['busiest']} most"
    if usage["stolen"] > MOST_BY_OTHERS * window:
        return f"the host took {usage['stolen'] / window:.1%} of a core"
    if not result["sleeps"] and result["idle"] < LEAST_IDLE:
        return f"the clients were idle for {result['idle']:.1%} of the time only"
    return ""


def hold(
    server: Server,
    cores: Cores,
    filled_in: Mapping[str, str],
    model: Model,
    stages: list[int],
    look: Callable[[int], None],
) -> Result:
    """Open streams stage by stage; call `look` with their number at each."""
    options = ["--playing", str(model), "--hold", ",".join(map(str, stages))]
    with _start(server, cores, filled_in["text"], options) as load:
        meter, began = Meter(server.pid, load.pid), time.monotonic()
        meter.start()
        for _ in stages:
            word, _, number = load.stdout.readline().partition(" ")
            if word != "held":
                raise RuntimeError(f"the load generator said {word!r}, not 'held'")
            look(int(number))
            load.stdin.write("\n")
            load.stdin.flush()
        usage = meter.stop()
        result: Result = json.loads(load.stdout.readline())
    result["window"] = time.monotonic() - began
    # The clients sleep while streams are only held.
    return _with_usage(result, usage, sleeps=True)
