"""Scripts from captured streams, and a proxy that captures them."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.text import slugify

from streams.capture import (
    READERS,
    Called,
    CaptureError,
    Recording,
    Timestamps,
    read_capture,
    write_script,
)
from streams.management.listening import listen
from streams.models import Script, Stream
from streams.models.script import Rendering

HELP = "make a script of a captured stream, or of one that passes through a proxy"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the script's title and slug")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--from", dest="file", metavar="FILE", help="what was captured; - for stdin"
    )
    source.add_argument(
        "--upstream",
        metavar="URL",
        help="run a proxy to this address, and record what it answers",
    )
    parser.add_argument(
        "--format",
        default="auto",
        choices=["auto", *READERS],
        metavar="FORMAT",
        help="recognised unless given: %(choices)s",
    )
    parser.add_argument(
        "--timestamps",
        default=Timestamps.AUTO.value,
        choices=[kind.value for kind in Timestamps],
        metavar="KIND",
        help="how the file says when its lines came: %(choices)s",
    )
    parser.add_argument(
        "--cut",
        action="store_true",
        help="take a stream whose end is missing; the script breaks off there, too",
    )
    parser.add_argument(
        "--replace", action="store_true", help="change a script that has the name"
    )
    parser.add_argument(
        "--stream", action="store_true", help="make a draft of a stream that plays it"
    )
    parser.add_argument(
        "--publish", action="store_true", help="make that stream, and publish it"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the script and keep nothing"
    )
    proxy = parser.add_argument_group("the proxy")
    proxy.add_argument("--host", default="127.0.0.1", help="%(default)s unless given")
    proxy.add_argument(
        "--port", type=int, default=8787, help="%(default)s unless given; 0 is any"
    )
    proxy.add_argument(
        "--answers",
        type=int,
        default=1,
        metavar="N",
        help="streamed answers after which it ends; %(default)s unless given",
    )
    proxy.add_argument(
        "--keep", metavar="FILE", help="write down what was captured, as JSON Lines"
    )


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    name = options["name"]
    if not slugify(name):
        raise CommandError(f"'{name}' has no letter or digit that a slug could have.")
    if options["file"]:
        _check_free(name, options)
        _record(command, name, _read(options["file"]), options)
        return
    if options["answers"] < 1:
        raise CommandError(f"--answers {options['answers']} is not at least 1.")
    for number in range(options["answers"]):
        _check_free(_numbered(name, number), options)
    if options["keep"] and not Path(options["keep"]).parent.is_dir():
        raise CommandError(f"--keep {options['keep']} is in no directory there is.")
    failures = []
    for number, answer in enumerate(listen(command, options)):
        title, capture = _numbered(name, number), answer.capture()
        try:
            if options["keep"]:
                _keep(capture, Path(options["keep"]), number)
            _record(command, title, capture, options)
        except (CommandError, OSError) as error:
            # It may have been paid for, and never be said again.
            kept = Path(f"{slugify(title)}.capture.jsonl")
            kept.write_bytes(capture)
            failures.append(f"{error} What was captured is in {kept}.")
    if failures:
        raise CommandError("\n".join(failures))


def _numbered(name: str, number: int) -> str:
    return f"{name} {number + 1}" if number else name


def _check_free(name: str, options: Mapping[str, Any]) -> None:
    """Raise CommandError if something would have to be replaced, and may not."""
    slug = slugify(name)
    if options["replace"] or options["dry_run"]:
        return
    if Script.objects.filter(slug=slug).exists():
        raise CommandError(
            f"There is a script '{slug}': take another name, or --replace its text."
        )
    if _wants_stream(options) and Stream.objects.filter(slug=slug).exists():
        raise CommandError(
            f"There is a stream '{slug}': take another name, or --replace its script."
        )


def _wants_stream(options: Mapping[str, Any]) -> bool:
    return bool(options["stream"] or options["publish"])


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None


def _keep(capture: bytes, file: Path, number: int) -> None:
    if number:
        file = file.with_stem(f"{file.stem}-{number + 1}")
    file.write_bytes(capture)


def _record(
    command: BaseCommand, name: str, capture: bytes, options: Mapping[str, Any]
) -> None:
    try:
        recording = read_capture(
            capture,
            format=options["format"],
            timestamps=Timestamps(options["timestamps"]),
            allow_cut=options["cut"],
        )
        body = write_script(recording)
    except CaptureError as error:
        raise CommandError(str(error).removesuffix(".") + ".") from None
    for note in recording.notes:
        command.stderr.write(f"Note: {note}.")
    if options["dry_run"]:
        command.stdout.write(body, ending="")
        return
    said = _summary(recording)
    with transaction.atomic():
        script = _save_script(name, body, f"Recorded: {said}")
        if _wants_stream(options):
            _save_stream(script, name, options)
    command.stdout.write(f"Recorded script '{script.slug}': {said}.")


def _summary(recording: Recording) -> str:
    """Return what a recording is, in a few words."""
    calls = sum(isinstance(entry, Called) for entry in recording.entries)
    parts = [recording.format, f"{len(list(recording.deltas()))} deltas"]
    if calls:
        parts.append("1 tool call" if calls == 1 else f"{calls} tool calls")
    ended = recording.ended
    parts.append("without times" if ended is None else f"{ended:.2f} s")
    return ", ".join(parts)


def _save_script(name: str, body: str, reason: str) -> Script:
    slug = slugify(name)
    script = Script.objects.filter(slug=slug).first() or Script(slug=slug, title=name)
    script.body, script.rendering = body, Rendering.LITERAL
    try:
        script.full_clean()
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    script.save(reason=reason)
    return script


def _save_stream(script: Script, name: str, options: Mapping[str, Any]) -> None:
    stream = Stream.objects.filter(slug=script.slug).first()
    stream = stream or Stream(slug=script.slug, title=name)
    stream.script = script
    stream.published = stream.published or options["publish"]
    stream.save()
