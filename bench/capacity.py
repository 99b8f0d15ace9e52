"""How many streams one core holds: found by trying."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bench.catalogue import MODELS
from bench.generator import Result, measure, playing
from bench.machine import Cores
from bench.results import Row
from bench.stacks import Stack
from bench.tables import Bench

Judge = Literal["schedule", "gaps"]
"""How late an event is: against the time at which its stream's first event lets expect
it, or against the event before it. The second forgives a stream that ends late."""

LATEST_MS = 20
"""Most that the latest 1 % of events, and half of all streams' ends, may be late."""
FEWEST = 20
"""Streams that a stack must hold, or it holds none."""

MOST_CONFIRMATIONS = 6
"""Tries at the end of a search: some two to be sure, more where it was lucky."""

Probe = Callable[[int], Result]


def holds(result: Result, judge: Judge) -> bool:
    """Whether every stream was served, whole and in time."""
    streams = result["playing"]
    if streams["failed"] or not streams["events"]:
        return False
    # What is just begun or replaced does not speak yet.
    if streams["speaking"] < 0.95 * streams["size"]:
        return False
    if judge == "gaps":
        return bool(streams["gaps"]["p99"] < LATEST_MS)
    ends = streams["drift"]
    drifts = ends is not None and ends["p50"] >= LATEST_MS
    return bool(streams["lateness"]["p99"] < LATEST_MS and not drifts)


@dataclass(slots=True)
class Search:
    """Looks for the most streams that hold, with few probes: each takes long."""

    probe: Probe
    resolution: float
    most_probes: int
    confirms: bool = True
    results: list[tuple[int, Result]] = field(default_factory=list)

    def run(self, judge: Judge, guess: int) -> int:
        """Return how many streams hold; probes made for the other judge count, too."""
        probes_left = self.most_probes
        low, high = self._bounds(judge)
        if not low and high and high > FEWEST:
            # All that was tried is too many. A few tell whether it is worth searching.
            guess = FEWEST
        if not low:
            self._try_with(guess)
            probes_left -= 1
        while probes_left and (streams := self._next(judge)):
            self._try_with(streams)
            probes_left -= 1
        if self.confirms:
            self._confirm(judge)
        scores = self._scores(judge)
        return max((n for n, did, not_ in scores if did > not_), default=0)

    def _try_with(self, streams: int) -> None:
        self.results.append((streams, self.probe(streams)))

    def _next(self, judge: Judge) -> int:
        """Return how many streams to try, or 0 where enough is known."""
        low, high = self._bounds(judge)
        if not low:
            return 0 if high <= FEWEST else max(FEWEST, round(high / 1.6))
        if not high:
            # As many as the processor has time for, if all else grows with it.
            result = dict(self.results)[low]
            busy = result["usage"]["server"] / result["window"]
            return round(low * min(max(0.97 / max(busy, 0.01), 1.12), 2.5))
        if high / low <= self.resolution:
            return 0
        return round(math.sqrt(low * high))

    def _confirm(self, judge: Judge) -> None:
        """Try the most streams that held again, until they did twice of three times;
        if they did not, fewer."""
        for _ in range(MOST_CONFIRMATIONS):
            low, high = self._bounds(judge)
            if not low and high <= FEWEST:
                break
            low = low or max(FEWEST, round(high / 1.25))
            self._try_with(low)
            if self._score(low, judge)[0] == 2:
                break

    def _score(self, streams: int, judge: Judge) -> tuple[int, int]:
        """Return how often so many held, and how often they did not."""
        tries = [holds(result, judge) for n, result in self.results if n == streams]
        return sum(tries), len(tries) - sum(tries)

    def _bounds(self, judge: Judge) -> tuple[int, int]:
        """Return the most streams that held, and the fewest that did not.

        One that did not counts for little among two that did: on a machine that is
        shared, something always comes between. The first try of all decides alone.
        """
        scores = self._scores(judge)
        low = max((n for n, did, not_ in scores if did and did >= not_), default=0)
        too_many = (n for n, did, not_ in scores if n > low and not_ > did)
        return low, min(too_many, default=0)

    def _scores(self, judge: Judge) -> list[tuple[int, int, int]]:
        """Return every number of streams that was tried, with its score."""
        tried = {streams for streams, _ in self.results}
        return [(streams, *self._score(streams, judge)) for streams in tried]


def capacity(bench: Bench, stack: Stack) -> Row:
    """One worker on one core, the clients on another."""
    return _search(bench, stack, bench.cores, workers=1, guess=stack.guess)


def workers(bench: Bench, stack: Stack, number: int, guess: int) -> Row:
    """Several workers, on both cores with the clients."""
    return _search(bench, stack, bench.cores.shared, workers=number, guess=guess)


def _search(
    bench: Bench, stack: Stack, cores: Cores, *, workers: int, guess: int
) -> Row:
    scale = bench.scale
    args = ["--workers", str(workers)] if workers > 1 else []

    def probe(streams: int) -> Result:
        load = playing(MODELS["paced"], streams, ramp=scale.ramp, churn=True)
        for last_try in (False, True):
            with bench.serve(stack, cores, *args) as server:
                bench.warm_up(server)
                result = measure(
                    server,
                    cores,
                    bench.filled_in,
                    *load,
                    settle=scale.settle,
                    window=scale.window,
                    # Clients that share the cores must not take them.
                    sleeps=cores != bench.cores,
                )
            if last_try or not result["disturbed"]:
                break
        return result

    search = Search(probe, scale.resolution, scale.most_probes, scale.confirms)
    guess = min(guess, scale.most_guessed)
    # Kindly first: what holds by no judge needs no stricter one.
    by_gaps = search.run("gaps", guess) if stack.kindly else None
    by_schedule = search.run("schedule", guess)
    return {
        "by_schedule": by_schedule,
        "by_gaps": by_gaps,
        "streams": max(by_schedule, by_gaps or 0),
        "workers": workers,
        "disturbed": _disturbances([result for _, result in search.results]),
        "probes": [_probe_row(n, result) for n, result in search.results],
    }


def _disturbances(results: list[Result]) -> str:
    reasons = [result["disturbed"] for result in results if result["disturbed"]]
    return f"{len(reasons)} of {len(results)} probes: {reasons[0]}" if reasons else ""


def _probe_row(streams: int, result: Result) -> Row:
    window, usage, heard = result["window"], result["usage"], result["playing"]
    return {
        "streams": streams,
        "holds": {"schedule": holds(result, "schedule"), "gaps": holds(result, "gaps")},
        "cpu": usage["server"] / window,
        "clients": usage["clients"] / window,
        "others": usage["others"] / window,
        "idle": result["idle"],
        "disturbed": result["disturbed"],
        **{
            name: heard[name]
            for name in ("lateness", "gaps", "drift", "failed", "damaged", "complaint")
        },
    }
