"""`manage.py streams …`: what an editor or operator does from a shell."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from streams.demo import load_demo


class Command(BaseCommand):
    help = "Work with scripted streams."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("demo", help="load the demo content, if it is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        self.demo()

    def demo(self) -> None:
        created = load_demo()
        if created:
            self.stdout.write(f"Loaded {len(created)} streams: {', '.join(created)}.")
        else:
            self.stdout.write("All of the demo content is there already.")
