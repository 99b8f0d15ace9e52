from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.management.naming import near
from streams.models import Stream
from streams.snippets import names, snippet

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
    stream = Stream.objects.filter(slug=slug).first()
    if stream is None:
        slugs = list(Stream.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no stream {near(slug, slugs)}")
    if not stream.published:
        command.stderr.write(
            f"Stream '{slug}' is a draft: publish it before you run this."
        )
    try:
        printed = snippet(client, stream, options["base_url"])
    except ValueError as error:
        raise CommandError(str(error)) from None
    command.stdout.write(printed, ending="")
