"""What streams burden a server with: tables of docs/performance.md."""

from bench.report.figures import (
    MISSING,
    Figures,
    Pick,
    at,
    markdown_table,
    shown,
    star,
    times,
    title,
)
from bench.results import Results, Row


def setup(results: Results) -> str:
    found = Figures(results, "setup")
    if not found:
        return MISSING
    each, rate = at("us_per_stream"), at("streams_per_s")
    lines = [
        [
            title(stack),
            shown(found.get(stack.name, rate)),
            shown(found.get(stack.name, each)),
            times(found.ratio(stack.name, each)),
            times(_relative(found, stack.name, each)),
        ]
        for stack in found.stacks
    ]
    head = [
        *("Stack", "New streams/s", "Processor time each, µs", "of ours"),
        "of a trivial view on the same server",
    ]
    return markdown_table(head, lines)


def _relative(found: Figures, stack: str, pick: Pick) -> float | None:
    """Return how many times a trivial Django view's figure a stack's is."""
    server = stack.rpartition("-")[2]
    mine = found.get(stack, pick)
    theirs = found.get(f"trivial-{server}", pick)
    return mine.value / theirs.value if mine and theirs else None


def first_byte(results: Results) -> str:
    found = Figures(results, "first-byte")
    if not found:
        return MISSING
    p50, p99 = at("first_byte", "p50"), at("first_byte", "p99")
    lines = [
        [
            title(stack),
            shown(found.get(stack.name, p50), 1),
            shown(found.get(stack.name, p99), 1),
            times(found.ratio(stack.name, p50)),
        ]
        for stack in found.stacks
    ]
    return markdown_table(["Stack", "p50, ms", "p99, ms", "p50 of ours"], lines)


def memory(results: Results) -> str:
    found = Figures(results, "memory")
    if not found:
        return MISSING
    lines = []
    for stack in found.stacks:
        row = found.rows(stack.name)[-1]
        mark = star(row["disturbed"])
        for held in row["held"]:
            lines.append(
                [
                    title(stack),
                    f"{held['streams']:,}",
                    f"{held['bytes_per_stream'] / 1024:,.1f}{mark}",
                    times(_of_bare(found, stack.name, held)),
                    f"{max(0, held['threads']):,}",
                    f"{held['database_connections']:,}",
                ]
            )
    head = [
        *("Stack", "Open streams", "KiB each", "of a bare ASGI application"),
        *("Threads for them", "Database files open"),
    ]
    return markdown_table(head, lines)


def _of_bare(found: Figures, stack: str, held: Row) -> float | None:
    """Return memory as a multiple of a bare application's on the same server."""
    server = stack.rpartition("-")[2]
    for row in found.rows(f"asgi-{server}"):
        for other in row["held"]:
            if other["streams"] == held["streams"] and other["bytes_per_stream"] > 0:
                return float(held["bytes_per_stream"] / other["bytes_per_stream"])
    return None


def workers(results: Results) -> str:
    rows = [row for row in results.rows("workers") if "error" not in row]
    if not rows:
        return MISSING
    lines = []
    for row in rows:
        held = [p for p in row["probes"] if p["streams"] == row["streams"]]
        probe = held[-1] if held else None
        lines.append(
            [
                str(row["workers"]),
                f"{row['streams']:,}{star(row['disturbed'])}",
                f"{row['streams'] / rows[0]['streams']:.2f} ×"
                if rows[0]["streams"]
                else "–",
                f"{probe['cpu']:.2f}" if probe else "–",
                f"{probe['clients']:.2f}" if probe else "–",
            ]
        )
    head = ["Workers", "Streams", "of one", "Cores, workers", "Cores, clients"]
    return markdown_table(head, lines)


def crowd(results: Results) -> str:
    rows = [row for row in results.rows("crowd") if "error" not in row]
    if not rows:
        return MISSING
    row = rows[-1]
    lines = [
        ["Streams open", f"{row['streams']:,}"],
        ["Streams that play by then", f"{row['speaking']:,}"],
        ["Streams lost or damaged", f"{row['failed']:,}"],
        ["Events a second", f"{row['events_per_s']:,.0f}"],
        ["Lateness p50, ms", f"{row['lateness']['p50']:,.0f}"],
        ["Lateness p99, ms", f"{row['lateness']['p99']:,.0f}"],
        ["Admin pages opened meanwhile", f"{row['admin_pages']:,}"],
        ["Admin pages that failed", f"{len(row['admin_errors'])}"],
        ["Admin page, p50, ms", _number(row["admin_p50"])],
        ["Admin page, slowest, ms", _number(row["admin_max"])],
    ]
    return markdown_table(["What", "Figure"], lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
