"""Scripts and streams from a folder into the database."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.management.tables import aligned
from streams.porting import OnConflict, PortingError, Report, Status
from streams.porting.planning import plan, streams_for
from streams.porting.reading import read_document
from streams.porting.sources import read_path
from streams.porting.writing import carry_out

HELP = "bring in scripts and streams from a folder"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="or one file, or a zip of them")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and do nothing"
    )
    parser.add_argument(
        "--on-conflict",
        choices=[str(choice) for choice in OnConflict],
        default=str(OnConflict.SKIP),
        help="what becomes of a file that differs from what is there by its name;"
        " %(default)s unless given",
    )
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="take what is right, even if another file has errors",
    )
    parser.add_argument(
        "--make-streams",
        action="store_true",
        help="make a draft of a stream for each script that no stream here mentions",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    keep_going = options["keep_going"]
    try:
        files = read_path(Path(options["folder"]))
        documents = [read_document(file.name, file.data) for file in files]
        if options["make_streams"]:
            documents += streams_for(documents, published=False)
        report = plan(
            documents,
            on_conflict=OnConflict(options["on_conflict"]),
            keep_going=keep_going,
        )
        if not options["dry_run"] and (keep_going or not report.mistakes):
            carry_out(report)
    except PortingError as error:
        raise CommandError(str(error), returncode=2) from None
    if options["json"]:
        said = json.dumps(report.as_json(), ensure_ascii=False, indent=2)
        command.stdout.write(said)
    else:
        _write_table(command, report)
    wrong = report.counts[Status.ERROR]
    if wrong:
        files_have = "1 file has" if wrong == 1 else f"{wrong} files have"
        then = "The rest was written."
        if not report.written:
            then = "Nothing was written: correct them, or try --keep-going."
        if options["dry_run"]:
            then = "Nothing was written: this was a dry run."
        raise CommandError(f"{files_have} errors. {then}", returncode=1)
    if not options["json"]:
        command.stdout.write(_ending(report, options))


def _write_table(command: BaseCommand, report: Report) -> None:
    rows = [
        (entry.status.capitalize(), entry.kind, entry.slug, entry.outcome)
        for entry in report.entries
    ]
    for entry, line in zip(report.entries, aligned(rows), strict=True):
        command.stdout.write(line)
        for said in (*entry.changes, *entry.mistakes):
            command.stdout.write(f"    {said}")
    counts = ", ".join(f"{n} {status}" for status, n in report.counts.items())
    command.stdout.write(f"{counts}.")


def _ending(report: Report, options: Mapping[str, Any]) -> str:
    if options["dry_run"]:
        return "Nothing was written: this was a dry run."
    kept = sum(entry.outcome == "kept" for entry in report.entries)
    said = "Done."
    if kept:
        said += (
            f" {kept} of what is changed was kept as it is here:"
            " --on-conflict replace or rename takes it."
        )
    return said
