"""Holding, stepping, releasing, stopping and dropping what plays, from elsewhere.

A run is in this process's register while it plays. A command is carried out by whoever
plays the run: this process, and, where the site has a channel layer that processes
share, any other (`workers`).
"""

from streams.control.commands import (
    ACTIONS,
    ON_RUNS,
    Action,
    Command,
    Ending,
    Reach,
    Report,
    State,
)
from streams.control.register import (
    Controlled,
    add,
    end_runs,
    halt_runs,
    remove,
    tell,
)
from streams.control.workers import send

__all__ = (
    "ACTIONS",
    "ON_RUNS",
    "Action",
    "Command",
    "Controlled",
    "Ending",
    "Reach",
    "Report",
    "State",
    "add",
    "end_runs",
    "halt_runs",
    "remove",
    "send",
    "tell",
)
