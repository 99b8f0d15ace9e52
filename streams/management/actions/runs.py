import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand

from streams.models import Run

HELP = "list the last runs of the journal"

COLUMNS = ("started", "state", "stream", "format", "client", "steps", "run_id")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--live", action="store_true", help="those that play now")
    parser.add_argument(
        "--last",
        type=int,
        default=20,
        metavar="N",
        help="how many, %(default)s unless given",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a run")


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    runs = Run.objects.select_related("worker")
    if options["live"]:
        runs = runs.in_state(Run.State.PLAYING)
    for run in runs[: max(options["last"], 0)]:
        said = {name: getattr(run, name) for name in COLUMNS}
        said["started"] = run.started.isoformat(" ", "seconds")
        if options["json"]:
            command.stdout.write(json.dumps(said, ensure_ascii=False))
        else:
            command.stdout.write("  ".join(str(value) for value in said.values()))
