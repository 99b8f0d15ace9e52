"""What a server's log and process tell about the runs in it."""

import re
from dataclasses import dataclass

import httpx
import psutil

from tests.processes import Server, eventually

_END = re.compile(
    r"^(?P<at>[\d.]+) (?P<pid>\d+) streams\.runs INFO run (?P<run_id>\w+) of \S+"
    r" \(\S+\): (?P<outcome>[\w' ]+?) after [\d.]+ s, (?P<steps>\d+) of \d+ steps,",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class End:
    """The log record with which a run ended."""

    at: float
    """Seconds of the epoch."""
    pid: int
    """Of the worker that played it."""
    outcome: str
    steps: int


def ends(server: Server) -> dict[str, End]:
    """Return how each run ended that has, by run id."""
    return {
        match["run_id"]: End(
            at=float(match["at"]),
            pid=int(match["pid"]),
            outcome=match["outcome"],
            steps=int(match["steps"]),
        )
        for match in _END.finditer(server.log())
    }


def wait_for_end(server: Server, run_id: str) -> End:
    """Return how a run ended, once it has."""

    def check() -> End:
        found = ends(server).get(run_id)
        assert found, f"run {run_id} goes on"
        return found

    return eventually(check)


def vitals(server: Server) -> dict[str, int]:
    """Count the tasks, threads, connections and sockets of a server's process.

    `connections` is how many the server itself keeps record of.
    """
    answer = httpx.get(
        f"{server.url}/-/vitals", headers={"Connection": "close"}, trust_env=False
    )
    counts = answer.json()
    open_states = (psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT)
    sockets = psutil.Process(counts.pop("pid")).net_connections("tcp")
    counts["sockets"] = sum(one.status in open_states for one in sockets)
    return counts


def settle(server: Server, before: dict[str, int]) -> dict[str, int]:
    """Return the vitals once they are no more than `before`; fail if they stay so."""
    # Daphne clears its record once a second, and each question makes an entry.
    allowed = before | {"connections": max(before["connections"], 4)}

    def check() -> dict[str, int]:
        now = vitals(server)
        left = {name: n for name, n in now.items() if n > allowed[name]}
        assert not left, f"left behind: {left}, allowed: {allowed}"
        return now

    return eventually(check, timeout=15, interval=0.5)
