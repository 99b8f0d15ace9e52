"""`manage.py streams …`: what an editor or operator does from a shell."""

from argparse import ArgumentParser
from difflib import get_close_matches
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.demo import load_demo
from streams.models import Stream
from streams.snippets import names, snippet


class Command(BaseCommand):
    help = "Work with scripted streams."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("demo", help="load the demo content, if it is missing")
        printed = actions.add_parser(
            "snippet", help="print a program that plays a stream"
        )
        printed.add_argument("slug", nargs="?", help="the stream's")
        printed.add_argument(
            "--for",
            dest="client",
            metavar="CLIENT",
            default="list",
            help="what it is for: one of the names that `list` prints, the default",
        )
        printed.add_argument(
            "--base-url",
            default="http://127.0.0.1:8000",
            help="where the site is, %(default)s unless given",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "demo":
            self.demo()
        else:
            self.snippet(options["slug"], options["client"], options["base_url"])

    def demo(self) -> None:
        created = load_demo()
        if created:
            self.stdout.write(f"Loaded {len(created)} streams: {', '.join(created)}.")
        else:
            self.stdout.write("All of the demo content is there already.")

    def snippet(self, slug: str | None, client: str, base_url: str) -> None:
        clients = names()
        if client == "list":
            self.stdout.write("\n".join(clients))
            return
        if client not in clients:
            raise CommandError(f"There is no snippet for {_near(client, clients)}")
        if slug is None:
            raise CommandError("Name a stream: manage.py streams snippet SLUG --for …")
        stream = Stream.objects.filter(slug=slug).first()
        if stream is None:
            slugs = list(Stream.objects.values_list("slug", flat=True))
            raise CommandError(f"There is no stream {_near(slug, slugs)}")
        if not stream.published:
            self.stderr.write(
                f"Stream '{slug}' is a draft: publish it before you run this."
            )
        try:
            self.stdout.write(snippet(client, stream, base_url), ending="")
        except ValueError as error:
            raise CommandError(str(error)) from None


def _near(wrong: str, known: list[str]) -> str:
    """Quote a name that is none, and say what may have been meant."""
    if near := get_close_matches(wrong, known, n=3, cutoff=0.5):
        return f"'{wrong}'. Did you mean {' or '.join(near)}?"
    return f"'{wrong}'. Known: {', '.join(sorted(known)) or 'none'}."
