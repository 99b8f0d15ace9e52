"""`manage.py streams …`: what an editor or operator does from a shell."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from streams.management.actions import ACTIONS


class Command(BaseCommand):
    help = "Work with scripted streams."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, action in ACTIONS.items():
            action.add_arguments(actions.add_parser(name, help=action.HELP))

    def handle(self, *args: Any, **options: Any) -> None:
        ACTIONS[options["action"]].handle(self, options)
