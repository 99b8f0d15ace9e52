"""What is wrong with a folder of scripts and streams. Needs no database."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.porting import PortingError
from streams.porting.planning import check
from streams.porting.reading import read_document
from streams.porting.sources import read_path

HELP = "look for errors in a folder of scripts and streams, without a database"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="or one file, or a zip of them")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    try:
        files = read_path(Path(options["folder"]))
        report = check(read_document(file.name, file.data) for file in files)
    except PortingError as error:
        raise CommandError(str(error), returncode=2) from None
    if options["json"]:
        mistakes = [
            {"file": m.file, "line": m.line, "message": m.message}
            for m in report.mistakes
        ]
        said = {"files": len(files), "errors": mistakes}
        command.stdout.write(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        for mistake in report.mistakes:
            command.stdout.write(str(mistake))
    if report.mistakes:
        wrong = len({mistake.file for mistake in report.mistakes})
        raise CommandError(f"{wrong} of {len(files)} files have errors.", returncode=1)
    if not options["json"]:
        command.stdout.write(f"{len(files)} files, no errors.")
