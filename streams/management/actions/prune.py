from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand

from streams.models import Run, Worker

HELP = "delete what the journal keeps no longer, all at once"


def add_arguments(parser: ArgumentParser) -> None:
    pass


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    pruned = 0
    while some := Run.objects.prune():
        pruned += some
    Worker.objects.prune()
    command.stdout.write(f"Deleted {pruned} runs.")
