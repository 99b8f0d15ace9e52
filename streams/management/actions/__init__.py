"""What `manage.py streams` can do, one module an action.

Each has `HELP`, one line, `add_arguments(parser)` and `handle(command, options)`, which
writes to the command's `stdout` and raises CommandError with the remedy in it.
"""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, Protocol

from django.core.management.base import BaseCommand

from streams.management.actions import (
    check_files,
    demo,
    explain,
    export_files,
    faults,
    import_files,
    prune,
    record,
    runs,
    snippet,
)
from streams.management.actions.control import WHAT, Control


class Action(Protocol):
    HELP: str

    def add_arguments(self, parser: ArgumentParser) -> None: ...
    def handle(self, command: BaseCommand, options: Mapping[str, Any]) -> None: ...


ACTIONS: dict[str, Action] = {
    "demo": demo,
    "snippet": snippet,
    "explain": explain,
    "faults": faults,
    "runs": runs,
    "prune": prune,
    "record": record,
    "export": export_files,
    "import": import_files,
    "check": check_files,
    **{str(action): Control(action) for action in WHAT},
}
