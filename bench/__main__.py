"""`python -m bench`: measure all tables, then write the report.

python -m bench                                     all, as docs/performance.md has it
python -m bench --quick                             the same in a few minutes, coarsely
python -m bench capacity --stacks direct-uvicorn,aimock --rounds 1
python -m bench steady churn --add                  into the newest run's results
python -m bench report                              from the newest results
python -m bench profile --stack direct-uvicorn      with py-spy, into bench/results/
"""

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import report
from bench.machine import Cores, allow_many_files, describe
from bench.plan import TABLES, Table
from bench.profile import profile
from bench.results import SMOKE as SMOKE_FOLDER
from bench.results import Results, Row
from bench.server import create_database
from bench.stacks import STACKS, Stack, aimock_version, prepare, versions
from bench.tables import QUICK, SMOKE, Bench, Scale


def main() -> None:
    options = _read_options()
    if options.what == ["report"]:
        report.write(Results.newest())
        return
    allow_many_files()
    cores = Cores.choose()
    # Beside the clients: whatever this process does is not the server's loss.
    os.sched_setaffinity(0, cores.clients)
    if options.what == ["profile"]:
        names = options.stacks or ["direct-uvicorn"]
    else:
        names = options.stacks or [*STACKS]
    stacks = [STACKS[name] for name in names]
    if not aimock_version():
        stacks = [stack for stack in stacks if stack.name != "aimock"]
        print("Without aimock: sh bench/peers/aimock/install.sh installs it.")
    with TemporaryDirectory(prefix="streams-bench-") as folder:
        bench = Bench(
            cores=cores,
            filled_in=prepare(Path(folder), stacks),
            database=create_database(Path(folder)),
            scale=SMOKE if options.smoke else QUICK if options.quick else Scale(),
        )
        if options.what == ["profile"]:
            for stack in stacks:
                profile(bench, stack)
            return
        results = _results(options)
        for name in options.what or TABLES:
            _measure(bench, TABLES[name], stacks, results, options)
    if options.smoke:
        report.write(results, SMOKE_FOLDER)
    elif not options.what:
        report.write(results)


def _results(options: argparse.Namespace) -> Results:
    if options.smoke:
        return Results.begin(_about(options), SMOKE_FOLDER)
    if not options.add:
        return Results.begin(_about(options))
    results = Results.newest()
    results.add({"about": _about(options)})
    return results


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = [*TABLES, "report", "profile"]
    parser.add_argument("what", nargs="*", metavar="TABLE", help=", ".join(choices))
    parser.add_argument("--stacks", "--stack", type=lambda names: names.split(","))
    parser.add_argument("--rounds", type=int, help="how often each row is measured")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="prove that it works")
    parser.add_argument("--add", action="store_true", help="to the newest results")
    options = parser.parse_args()
    options.quick |= options.smoke
    for name in options.what:
        if name not in choices:
            parser.error(f"there is no table {name!r}; known: {', '.join(choices)}")
    for name in options.stacks or []:
        if name not in STACKS:
            parser.error(f"there is no stack {name!r}; known: {', '.join(STACKS)}")
    return options


def _about(options: argparse.Namespace) -> Row:
    made_of: dict[str, str] = {}
    for stack in STACKS.values():
        made_of |= versions(stack)
    return {
        "machine": describe(),
        "versions": made_of,
        "quick": options.quick,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _measure(
    bench: Bench,
    table: Table,
    stacks: list[Stack],
    results: Results,
    options: argparse.Namespace,
) -> None:
    """Measure the stacks in turns, so that a slow minute does not meet one alone."""
    if options.stacks:
        chosen = stacks
    else:
        wanted = table.quick if options.quick else table.stacks
        chosen = [stack for stack in stacks if stack.name in wanted]
    rounds = options.rounds or (1 if options.quick else table.rounds)
    repeats = table.repeats and not options.smoke
    for number in range(1, rounds + 1):
        for stack in chosen:
            for _ in range(2):
                began = time.monotonic()
                try:
                    row = table.measure(bench, stack, results)
                except RuntimeError as error:
                    row = {"disturbed": "not measured", "error": str(error)}
                head = {"table": table.name, "stack": stack.name, "round": number}
                results.add(head | row)
                took = time.monotonic() - began
                print(_line(table, stack, number, row, took), flush=True)
                if not row["disturbed"] or not repeats or "error" in row:
                    break


def _line(table: Table, stack: Stack, number: int, row: Row, took: float) -> str:
    if "error" in row:
        said = "not measured: " + row["error"].rstrip().rpartition("\n")[2]
    else:
        said = table.say(row)
        if row.get("failed"):
            said += f"; {row['failed']} failed: {row['complaint']}"
        if row["disturbed"]:
            said += f"; disturbed: {row['disturbed']}"
    return f"{table.name:<11}{stack.name:<18} round {number} ({took:4.1f} s)  {said}"


if __name__ == "__main__":
    main()
