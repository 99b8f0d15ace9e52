"""`manage.py streams …`: what an editor or operator does from a shell."""

import json
from argparse import ArgumentParser
from difflib import get_close_matches
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.demo import load_demo
from streams.models import Run, Stream, Worker
from streams.snippets import names, snippet

COLUMNS = ("started", "state", "stream", "format", "client", "steps", "run_id")


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

        runs = actions.add_parser("runs", help="list the last runs of the journal")
        runs.add_argument("--live", action="store_true", help="those that play now")
        runs.add_argument(
            "--last",
            type=int,
            default=20,
            metavar="N",
            help="how many, %(default)s unless given",
        )
        runs.add_argument("--json", action="store_true", help="one JSON object a run")
        actions.add_parser(
            "prune", help="delete what the journal keeps no longer, all at once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        match options["action"]:
            case "demo":
                self.demo()
            case "runs":
                self.runs(options["live"], options["last"], options["json"])
            case "prune":
                self.prune()
            case _:
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

    def runs(self, live: bool, last: int, as_json: bool) -> None:
        runs = Run.objects.select_related("worker")
        if live:
            runs = runs.in_state(Run.State.PLAYING)
        for run in runs[: max(last, 0)]:
            said = {name: getattr(run, name) for name in COLUMNS}
            said["started"] = run.started.isoformat(" ", "seconds")
            if as_json:
                self.stdout.write(json.dumps(said, ensure_ascii=False))
            else:
                self.stdout.write("  ".join(str(value) for value in said.values()))

    def prune(self) -> None:
        pruned = 0
        while some := Run.objects.prune():
            pruned += some
        Worker.objects.prune()
        self.stdout.write(f"Deleted {pruned} runs.")


def _near(wrong: str, known: list[str]) -> str:
    """Quote a name that is none, and say what may have been meant."""
    if near := get_close_matches(wrong, known, n=3, cutoff=0.5):
        return f"'{wrong}'. Did you mean {' or '.join(near)}?"
    return f"'{wrong}'. Known: {', '.join(sorted(known)) or 'none'}."
