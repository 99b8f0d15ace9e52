"""How well streams keep time, and what that costs: tables of docs/performance.md."""

from bench.report.figures import (
    MISSING,
    Figures,
    at,
    markdown_table,
    shown,
    times,
    title,
)
from bench.results import Results, Row

_cost = at("us_per_event")
_streams = at("streams")
_rate = at("events_per_s")


def capacity(results: Results) -> str:
    found = Figures(results, "capacity")
    if not found:
        return MISSING
    lines = []
    for stack in found.stacks:
        by_schedule = found.get(stack.name, at("by_schedule"))
        drifts = by_schedule and not by_schedule.value
        lines.append(
            [
                title(stack),
                "none" if drifts else shown(by_schedule),
                shown(found.get(stack.name, at("by_gaps"))),
                times(found.ratio(stack.name, _streams)),
                _limit(found.rows(stack.name)[-1]),
            ]
        )
    head = ["Stack", "By schedule", "By gaps", "Of ours", "The first load too high"]
    return markdown_table(head, lines)


def _limit(row: Row) -> str:
    """Say what was wrong with the fewest streams that were too many."""
    judge = "schedule" if row["by_gaps"] is None else "gaps"
    failed = [probe for probe in row["probes"] if not probe["holds"][judge]]
    above = [probe for probe in failed if probe["streams"] > row["streams"]]
    if not above:
        return "–"
    probe = min(above, key=lambda probe: probe["streams"])
    load = f"{probe['streams']:,}: server {probe['cpu']:.0%} busy"
    if probe["failed"]:
        return f"{load}, {probe['failed']:,} streams lost"
    late = probe["lateness" if judge == "schedule" else "gaps"]
    return f"{load}, p99 {late['p99']:,.0f} ms late" if late else load


def cost(results: Results) -> str:
    steady, churn = Figures(results, "steady"), Figures(results, "churn")
    if not churn:
        return MISSING
    lines = [
        [
            title(stack),
            shown(steady.get(stack.name, _cost), 1),
            times(steady.ratio(stack.name, _cost)),
            shown(churn.get(stack.name, _cost), 1),
            times(churn.ratio(stack.name, _cost)),
            shown(churn.get(stack.name, at("lateness", "p99")), 1),
            shown(churn.get(stack.name, at("gaps", "p99")), 1),
        ]
        for stack in churn.stacks
    ]
    head = [
        *("Stack", "Steady, µs", "of ours", "Churn, µs", "of ours"),
        *("Lateness p99, ms", "Gaps p99, ms"),
    ]
    return markdown_table(head, lines)


def drift(results: Results) -> str:
    found = Figures(results, "drift")
    if not found:
        return MISSING
    lines = [
        [
            title(stack),
            shown(found.get(stack.name, at("drift", "p50")), 1),
            shown(found.get(stack.name, at("drift", "p99")), 1),
            shown(found.get(stack.name, at("cpu")), 2),
        ]
        for stack in found.stacks
    ]
    head = ["Stack", "Last event late, p50, ms", "p99, ms", "Cores used"]
    return markdown_table(head, lines)


def burst(results: Results) -> str:
    short, long = Figures(results, "burst"), Figures(results, "burst-long")
    if not short:
        return MISSING
    lines = [
        [
            title(stack),
            shown(short.get(stack.name, _rate)),
            times(short.ratio(stack.name, _rate)),
            shown(short.get(stack.name, at("events_per_read")), 1),
            shown(long.get(stack.name, _rate)),
            times(long.ratio(stack.name, _rate)),
            shown(long.get(stack.name, at("events_per_read")), 1),
        ]
        for stack in short.stacks
    ]
    head = [
        *("Stack", "300 events: events/s", "of ours", "events a read"),
        *("5,000 events: events/s", "of ours", "events a read"),
    ]
    return markdown_table(head, lines)
