"""The parts of docs/performance.md, by their names in template.md."""

from bench.plan import TABLES
from bench.report import burden, pace
from bench.report.figures import MISSING, OURS, Figures, at, shown
from bench.results import Results

_cost = at("us_per_event")
_streams = at("streams")


def summary(results: Results) -> str:
    """Say the main results in sentences, those that were measured."""
    found = Figures(results, "capacity")
    said = []
    mine = found.get(OURS, _streams)
    if mine:
        said.append(f"One core holds **{shown(mine)} streams** on the direct lane.")
        for name, words in (
            ("aimock", "aimock"),
            ("sse-starlette", "sse-starlette"),
            ("ordinary-daphne", "the ordinary lane on Daphne"),
            ("bare", "a socket server in Python without any framework"),
        ):
            theirs = found.get(name, _streams)
            if theirs and theirs.value:
                ratio = mine.value / theirs.value
                by_schedule = found.get(name, at("by_schedule"))
                kindly = by_schedule and by_schedule.value < theirs.value
                judged = ", judged by its gaps alone" if kindly else ""
                said.append(
                    f"That is {ratio:.1f} times {words} ({shown(theirs)}{judged})."
                )
    costs = Figures(results, "churn")
    if own := costs.get(OURS, _cost):
        said.append(
            f"An event costs it {shown(own, 1)} µs of processor time, new streams"
            " included."
        )
    steady = Figures(results, "steady")
    own, bare = steady.get(OURS, _cost), steady.get("bare", _cost)
    if own and bare and own.value:
        said.append(
            f"While streams only play, with one write an event, it plays"
            f" {bare.value / own.value:.2f} times as many events in the same processor"
            " time as that socket server."
        )
    late = Figures(results, "drift").get(OURS, at("drift", "p50"))
    if late:
        said.append(
            "With 400 streams playing, half of them end at most"
            f" {max(late.value, 0.1):.1f} ms late after nine seconds."
        )
    return "\n".join(f"* {sentence}" for sentence in said) or MISSING


def disturbed(results: Results) -> str:
    """Count the rows that were measured while something else ran."""
    rows = [row for name in TABLES for row in results.rows(name)]
    bad = [row for row in rows if row["disturbed"] and "error" not in row]
    return f"{len(bad)} of {len(rows)}"


ALL = {
    section.__name__: section
    for section in (
        *(summary, pace.capacity, pace.cost, pace.drift, pace.burst),
        *(burden.setup, burden.first_byte, burden.memory, burden.workers),
        *(burden.crowd, disturbed),
    )
}
