"""Scripts and streams into a folder, for git."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.porting import PortingError
from streams.porting.exporting import choose, files_of, write_folder

HELP = "write scripts and streams into a folder, as Markdown and YAML"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="made, if it is not there")
    parser.add_argument(
        "slugs",
        metavar="SLUG",
        nargs="*",
        help="of streams, which bring their scripts, and of scripts; else all",
    )


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    folder = Path(options["folder"])
    try:
        scripts, streams = choose(options["slugs"])
        files = files_of(scripts, streams)
        written = write_folder(folder, files)
    except PortingError as error:
        raise CommandError(str(error), returncode=2) from None
    for file in written:
        command.stdout.write(f"Wrote {file.name}")
    command.stdout.write(
        f"{len(scripts)} scripts and {len(streams)} streams are in {folder}:"
        f" {len(written)} files written, {len(files) - len(written)} as they were."
    )
