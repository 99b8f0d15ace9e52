"""Holding, releasing, stepping, stopping and dropping what plays, on any worker."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from asgiref.sync import async_to_sync
from django.core.management.base import BaseCommand, CommandError

from streams.control import Action
from streams.control.parsing import parse_command
from streams.exceptions import Problem
from streams.serving.steering import carry_out

WHAT = {
    Action.HOLD: "let a run stand still",
    Action.RELEASE: "let a run that is held go on",
    Action.STEP: "let a few chunks of a run pass, and hold it again",
    Action.STOP: "end a run, and tell its client",
    Action.DROP: "cut a run's connection, without any end",
}


class Control:
    """One action on one run, or on all of a stream's."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self.HELP = WHAT[action]

    def add_arguments(self, parser: ArgumentParser) -> None:
        meant = parser.add_mutually_exclusive_group(required=True)
        meant.add_argument(
            "run_id", nargs="?", help="the run's, as X-Stream-Run and the journal say"
        )
        meant.add_argument(
            "--stream", metavar="SLUG", help="all runs of a stream, instead of one"
        )
        parser.add_argument(
            "--session", help="of the stream's runs, those of one X-Stream-Session"
        )
        if self.action == Action.STEP:
            parser.add_argument(
                "--steps", metavar="N", help="how many chunks, 1 unless given"
            )
        if self.action == Action.HOLD:
            parser.add_argument(
                "--after", metavar="N", help="only once so many chunks were sent"
            )

    def handle(self, command: BaseCommand, options: Mapping[str, Any]) -> None:
        run_id, slug = options["run_id"] or "", options["stream"] or ""
        named = ("session", "steps", "after")
        fields = {name: options[name] for name in named if options.get(name)}
        if run_id and "session" in fields:
            raise CommandError("--session goes with --stream: a run has one already.")
        try:
            wanted = parse_command(
                {"action": self.action.value, **fields}, run_id=run_id, slug=slug
            )
            report = async_to_sync(carry_out)(wanted)
        except Problem as problem:
            raise CommandError(problem.message) from None
        for run in report.runs:
            command.stdout.write(
                f"{run['run']}  {run['stream']}  {run['state']}  {run['steps']} of"
                f" {run['of']} steps, position {run['position']}, on {run['worker']}"
            )
