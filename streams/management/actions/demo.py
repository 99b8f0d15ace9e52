from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand

from streams.demo import load_demo

HELP = "load the demo content, if it is missing"


def add_arguments(parser: ArgumentParser) -> None:
    pass


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    created = load_demo()
    if created:
        command.stdout.write(f"Loaded {len(created)} streams: {', '.join(created)}.")
    else:
        command.stdout.write("All of the demo content is there already.")
