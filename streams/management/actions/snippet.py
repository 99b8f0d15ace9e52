from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.call import Call, Incoming
from streams.formats.overrides import parse_call
from streams.management.naming import near
from streams.models import Stream
from streams.snippets import PARAMETERS, names, snippet

HELP = "print a program that plays a stream"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("slug", nargs="?", help="the stream's")
    parser.add_argument(
        "--for",
        dest="client",
        metavar="CLIENT",
        default="list",
        help="what it is for: one of the names that `list` prints, the default",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"what it asks for: {', '.join(PARAMETERS)}; may be given several times",
    )
    parser.add_argument(
        "--base-url",
        default="http://127.0.0.1:8000",
        help="where the site is, %(default)s unless given",
    )


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    slug, client, clients = options["slug"], options["client"], names()
    if client == "list":
        command.stdout.write("\n".join(clients))
        return
    if client not in clients:
        raise CommandError(f"There is no snippet for {near(client, clients)}")
    if slug is None:
        raise CommandError("Name a stream: manage.py streams snippet SLUG --for …")
    stream = Stream.objects.select_related("script").filter(slug=slug).first()
    if stream is None:
        slugs = list(Stream.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no stream {near(slug, slugs)}")
    if not stream.published:
        command.stderr.write(
            f"Stream '{slug}' is a draft: publish it before you run this."
        )
    try:
        call = _call(options["set"])
        printed = snippet(client, stream, call, options["base_url"])
    except Problem as problem:
        raise CommandError(problem.message) from None
    command.stdout.write(printed, ending="")


def _call(given: Sequence[str]) -> Call:
    """Read what a program is to ask for as the stream would read it."""
    asked = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if name not in PARAMETERS:
            raise CommandError(f"--set knows no {near(name, PARAMETERS)}")
        if not equals:
            raise CommandError(f"--set {name} has no value: write --set {name}=…")
        asked[name] = value
    return parse_call(get_format("plain"), Incoming(method="POST", body=asked))
