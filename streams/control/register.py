"""What plays in this process, by id; and what has ended lately."""

import asyncio
import os
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from weakref import WeakSet, WeakValueDictionary

from streams.control.commands import Action, Command, Ending, Report, State
from streams.core.per_loop import PerLoop

MOST_REMEMBERED = 1000
"""Runs of which this process remembers how they ended; and commands carried out."""


class Controlled(Protocol):
    """A run that somebody else may control, on the event loop that plays it."""

    @property
    def context(self) -> Any: ...
    @property
    def tally(self) -> Any: ...
    @property
    def plan(self) -> Any: ...
    @property
    def held(self) -> bool: ...
    @property
    def held_at(self) -> str: ...
    @property
    def left(self) -> int | None: ...
    @property
    def position(self) -> int: ...
    def hold(self) -> None: ...
    def hold_after(self, count: int, /) -> None: ...
    def release(self) -> None: ...
    def step(self, count: int = 1, /) -> None: ...
    def stop(self, at: int | None = None, /) -> None: ...
    def drop(self) -> None: ...


class Register:
    """The runs of one event loop. Nothing here keeps a run alive."""

    __slots__ = ("__weakref__", "_by_id", "_carried_out", "_more", "listens")

    def __init__(self) -> None:
        self._by_id: WeakValueDictionary[str, Controlled] = WeakValueDictionary()
        # A background response may be played twice under its id.
        self._more: WeakSet[Controlled] = WeakSet()
        self._carried_out: OrderedDict[str, Report] = OrderedDict()
        self.listens = False
        """Whether other processes' commands come, or were found never to."""

    def __len__(self) -> int:
        return len(self._by_id) + len(self._more)

    def add(self, run: Controlled) -> None:
        if self._by_id.setdefault(run.context.run_id, run) is not run:
            self._more.add(run)

    def remove(self, run: Controlled) -> None:
        if self._by_id.get(run.context.run_id) is run:
            del self._by_id[run.context.run_id]
        else:
            self._more.discard(run)

    def with_id(self, run_id: str) -> list[Controlled]:
        first = self._by_id.get(run_id)
        found = [] if first is None else [first]
        return found + [run for run in self._more if run.context.run_id == run_id]

    def meant_by(self, command: Command) -> list[Controlled]:
        if command.run_id:
            return self.with_id(command.run_id)
        return [
            run
            for run in (*self._by_id.values(), *self._more)
            if run.context.slug == command.slug
            and command.session in (None, _session(run))
        ]

    def perform(self, command: Command) -> Report:
        """Carry a command out; on the event loop that plays these runs."""
        report = Report()
        for run in self.meant_by(command):
            if not run.tally.outcome:
                tell(run, command)
                report.runs.append(_state(run, command.action))
        if command.run_id and not report.runs:
            report.ended = _ended.get(command.run_id)
        return report

    def perform_once(self, command: Command) -> Report:
        """Carry a command out, unless that was done; then report the same again."""
        report = self._carried_out.get(command.id)
        if report is None:
            report = self.perform(command)
            if report.runs:
                self._carried_out[command.id] = report
                if len(self._carried_out) > MOST_REMEMBERED:
                    self._carried_out.popitem(last=False)
        return report


_registers = PerLoop(Register)
# For runs that no event loop plays: their plans are stepped through by a program.
_nowhere = Register()
_ended: OrderedDict[str, Ending] = OrderedDict()

on_first: list[Callable[[Register], None]] = []
"""Called when a register gets a run and does not listen yet."""


def here() -> Register:
    """Return the running event loop's register."""
    try:
        return _registers.here()
    except RuntimeError:
        return _nowhere


def elsewhere() -> Iterator[tuple[asyncio.AbstractEventLoop, Register]]:
    """Return the registers of event loops in other threads that run."""
    mine = here()
    for loop, register in list(_registers.items()):
        if register is not mine and loop.is_running():
            yield loop, register


def add(run: Controlled) -> None:
    """Let a run be controlled, until it is over or nobody holds it."""
    register = here()
    register.add(run)
    if not register.listens:
        for call in on_first:
            call(register)


def remove(run: Controlled) -> None:
    """Say that a run is over, and remember for a while how it ended."""
    context, tally = run.context, run.tally
    here().remove(run)
    _ended[context.run_id] = Ending(
        run=context.run_id,
        stream=context.slug,
        outcome=tally.outcome,
        steps=tally.steps,
    )
    if len(_ended) > MOST_REMEMBERED:
        _ended.popitem(last=False)


async def halt_runs(run_id: str) -> int | None:
    """Halt what this process plays under an id; tell at which position that was.

    None if it plays nothing of the kind. Each stays open until `end_runs`, so that its
    client hears of the end when that is kept. To be awaited in the event loop that
    plays: only there is nothing sent meanwhile.
    """
    runs = _with_id(run_id)
    for run in runs:
        run.hold()
    return max((run.position for run in runs), default=None)


async def end_runs(run_id: str, at: int) -> None:
    """End what was halted, `at` seconds of the epoch."""
    for run in _with_id(run_id):
        run.stop(at)


def _with_id(run_id: str) -> list[Controlled]:
    registers = (_nowhere, *_registers.values())
    return [run for register in registers for run in register.with_id(run_id)]


def tell(run: Controlled, command: Command) -> None:
    """Have a run do what a command says; on the event loop that plays it."""
    match command.action:
        case Action.HOLD if command.after is not None:
            run.hold_after(command.after)
        case Action.HOLD:
            run.hold()
        case Action.RELEASE:
            run.release()
        case Action.STEP:
            run.step(command.steps)
        case Action.STOP:
            run.stop()
        case Action.DROP:
            run.drop()


def _state(run: Controlled, action: Action) -> State:
    ending = action in (Action.STOP, Action.DROP)
    return State(
        run=run.context.run_id,
        stream=run.context.slug,
        session=_session(run),
        state="ending" if ending else "held" if run.held else "playing",
        hold=run.held_at if run.held else "",
        left=run.left,
        steps=run.tally.steps,
        of=len(run.plan.steps),
        # Where a resumed run begins, its plan does not say.
        position=max(run.position, getattr(run.tally, "position", 0)),
        bytes=run.tally.bytes,
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )


def _session(run: Controlled) -> str:
    session: str = run.context.call.session
    return session
