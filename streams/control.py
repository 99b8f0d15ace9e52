"""Stopping what plays in this process, from another request."""

from typing import Any, Protocol
from weakref import WeakSet


class Stoppable(Protocol):
    """A run that somebody else may stop."""

    @property
    def context(self) -> Any: ...
    @property
    def tally(self) -> Any: ...
    def halt(self) -> None: ...
    def end(self, at: int) -> None: ...


_runs: "WeakSet[Stoppable]" = WeakSet()


def add(run: Stoppable) -> None:
    """Let a run be stopped, for as long as somebody holds it."""
    _runs.add(run)


async def halt_runs(run_id: str) -> int | None:
    """Halt what this process plays under an id; tell how many steps were sent.

    None if it plays nothing of the kind. Each stays open until `end_runs`, so that its
    client hears of the end when that is kept. To be awaited in the event loop that
    plays: only there is nothing sent meanwhile.
    """
    runs = _with_id(run_id)
    for run in runs:
        run.halt()
    return max((run.tally.steps for run in runs), default=None)


async def end_runs(run_id: str, at: int) -> None:
    """End what was halted, `at` seconds of the epoch."""
    for run in _with_id(run_id):
        run.end(at)


def _with_id(run_id: str) -> list[Stoppable]:
    return [run for run in _runs if run.context.run_id == run_id]
