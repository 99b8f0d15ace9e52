"""Which tables there are, with which stacks, and how often each row is measured."""

from collections.abc import Callable
from dataclasses import dataclass

from bench import tables
from bench.capacity import capacity, workers
from bench.crowd import crowd
from bench.results import Results, Row
from bench.stacks import STACKS, Stack
from bench.tables import Bench

Measure = Callable[[Bench, Stack, Results], Row]


def _stacks(names: str) -> tuple[str, ...]:
    found = tuple(names.split())
    assert STACKS.keys() >= set(found)
    return found


MAIN = _stacks(
    "direct-uvicorn direct-daphne ordinary-uvicorn ordinary-daphne epoll bare"
    " sse-starlette starlette aimock naive-uvicorn"
)
QUICK = _stacks("direct-uvicorn ordinary-uvicorn epoll bare sse-starlette aimock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    measure: Measure
    say: Callable[[Row], str]
    """The row in a few words, for the terminal."""
    stacks: tuple[str, ...]
    quick: tuple[str, ...]
    rounds: int = 3
    repeats: bool = True
    """Whether a disturbed row is measured again."""


def _ms(figures: Row | None, name: str) -> str:
    return f"{figures[name]:.1f} ms" if figures else "–"


def _say_cpu(row: Row) -> str:
    cost = row["us_per_event"]
    return (
        f"{cost:.1f} µs an event, lateness p99 {_ms(row['lateness'], 'p99')},"
        f" gaps p99 {_ms(row['gaps'], 'p99')}, last event p50"
        f" {_ms(row['drift'], 'p50')} late, server {row['cpu']:.0%},"
        f" clients idle {row['idle']:.0%}"
        if cost
        else "no event"
    )


def _say_burst(row: Row) -> str:
    return (
        f"{row['events_per_s']:,.0f} events/s, {row['streams_per_s']:,.1f} streams/s,"
        f" clients idle {row['idle']:.0%}"
    )


def _say_setup(row: Row) -> str:
    if not row["us_per_stream"]:
        return "no stream"
    return (
        f"{row['streams_per_s']:,.0f} streams/s, {row['us_per_stream']:,.0f} µs each,"
        f" first byte p50 {_ms(row['first_byte'], 'p50')}"
    )


def _say_first_byte(row: Row) -> str:
    found = row["first_byte"]
    return f"first byte p50 {_ms(found, 'p50')}, p99 {_ms(found, 'p99')}"


def _say_memory(row: Row) -> str:
    return "; ".join(
        f"{held['streams']:,} streams: {held['bytes_per_stream'] / 1024:.1f} KiB each,"
        f" {held['threads']} threads, {held['database_connections']} connections"
        for held in row["held"]
    )


def _say_capacity(row: Row) -> str:
    tried = ", ".join(f"{probe['streams']:,}" for probe in row["probes"])
    kindly = "" if row["by_gaps"] is None else f", {row['by_gaps']:,} by gaps"
    return f"{row['by_schedule']:,} streams by schedule{kindly} (tried {tried})"


def _say_crowd(row: Row) -> str:
    return (
        f"{row['speaking']:,} of {row['streams']:,} streams speaking,"
        f" {row['failed']:,} lost, lateness p50 {_ms(row['lateness'], 'p50')};"
        f" {row['admin_pages']} admin pages, the slowest {row['admin_max'] or 0:.0f} ms"
    )


def _simple(name: str) -> Measure:
    return lambda bench, stack, results: tables.ROWS[name](bench, stack)


def _workers(bench: Bench, stack: Stack, results: Results) -> Row:
    """Measure one worker, or two after that, on the cores that the clients share."""
    earlier = [row for row in results.rows("workers") if row["stack"] == stack.name]
    if not earlier:
        return workers(bench, stack, 1, stack.guess)
    return workers(bench, stack, 2, max(50, round(1.6 * earlier[-1]["streams"])))


_ALL = [
    Table(
        name="steady",
        measure=_simple("steady"),
        say=_say_cpu,
        stacks=MAIN,
        quick=QUICK,
        rounds=2,
    ),
    Table(
        name="churn",
        measure=_simple("churn"),
        say=_say_cpu,
        stacks=(*MAIN, "no-journal-uvicorn"),
        quick=QUICK,
    ),
    Table(
        name="drift",
        measure=_simple("drift"),
        say=_say_cpu,
        stacks=_stacks(
            "direct-uvicorn direct-daphne ordinary-uvicorn bare sse-starlette aimock"
        ),
        quick=(),
        rounds=1,
    ),
    Table(
        name="capacity",
        measure=lambda bench, stack, results: capacity(bench, stack),
        say=_say_capacity,
        stacks=(*MAIN, "usual-gc-uvicorn"),
        quick=_stacks("direct-uvicorn sse-starlette aimock"),
        rounds=1,
        repeats=False,
    ),
    Table(
        name="burst",
        measure=_simple("burst"),
        say=_say_burst,
        stacks=MAIN,
        quick=QUICK,
    ),
    Table(
        name="burst-long",
        measure=_simple("burst-long"),
        say=_say_burst,
        stacks=MAIN,
        quick=QUICK,
        rounds=2,
    ),
    Table(
        name="setup",
        measure=_simple("setup"),
        say=_say_setup,
        stacks=_stacks(
            "short-uvicorn direct-uvicorn ordinary-uvicorn short-daphne direct-daphne"
            " ordinary-daphne no-journal-uvicorn trivial-uvicorn trivial-daphne epoll"
            " bare sse-starlette starlette aimock naive-uvicorn"
        ),
        quick=_stacks(
            "short-uvicorn direct-uvicorn ordinary-uvicorn trivial-uvicorn aimock"
        ),
    ),
    Table(
        name="first-byte",
        measure=_simple("first-byte"),
        say=_say_first_byte,
        stacks=_stacks(
            "short-uvicorn direct-uvicorn ordinary-uvicorn direct-daphne bare"
            " sse-starlette aimock naive-uvicorn"
        ),
        quick=_stacks("short-uvicorn direct-uvicorn ordinary-uvicorn aimock"),
        rounds=2,
    ),
    Table(
        name="memory",
        measure=_simple("memory"),
        say=_say_memory,
        stacks=_stacks(
            "direct-uvicorn direct-daphne ordinary-uvicorn ordinary-daphne asgi-uvicorn"
            " asgi-daphne epoll bare sse-starlette starlette aimock naive-uvicorn"
        ),
        quick=_stacks("direct-uvicorn ordinary-uvicorn asgi-uvicorn aimock"),
        rounds=1,
        # Who else has the processor makes no memory more.
        repeats=False,
    ),
    Table(
        name="workers",
        measure=_workers,
        say=lambda row: f"{row['workers']} workers: {_say_capacity(row)}",
        stacks=_stacks("direct-uvicorn"),
        quick=(),
        rounds=2,
        repeats=False,
    ),
    Table(
        name="crowd",
        measure=lambda bench, stack, results: crowd(bench, stack),
        say=_say_crowd,
        stacks=_stacks("direct-uvicorn"),
        quick=(),
        rounds=1,
        repeats=False,
    ),
]

TABLES = {table.name: table for table in _ALL}
