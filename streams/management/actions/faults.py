import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.core.faults import Fault
from streams.management.naming import near
from streams.models import Stream

HELP = "list a stream's faults, and predict which calls get them"

MOST_CALLS = 1_000_000


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("slug", help="the stream's")
    parser.add_argument(
        "--calls",
        type=int,
        default=100,
        help="of the first so many calls of a session, %(default)s unless given",
    )
    parser.add_argument(
        "--seed", type=int, help="of calls with this seed, as a request gives it"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    slug, calls, seed = options["slug"], options["calls"], options["seed"]
    if not 1 <= calls <= MOST_CALLS:
        raise CommandError(f"--calls is from 1 to {MOST_CALLS:,}, and not {calls}.")
    stream = Stream.objects.filter(slug=slug).first()
    if stream is None:
        slugs = list(Stream.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no stream {near(slug, slugs)}")
    by_chance = any(fault.chance < 100 for _, _, fault in stream.armed_faults)
    if by_chance and seed is None and stream.seed is None:
        raise CommandError(
            f"Stream '{slug}' has no seed, so that each run gets another, and chance"
            " decides by that: give the stream one, or --seed."
        )
    found: list[dict[str, Any]] = [
        {
            "fault": fault.title,
            "does": fault.what,
            "by_rule": of_rules,
            "calls": _hit(fault, stream, calls, seed),
        }
        for _, of_rules, fault in stream.armed_faults
    ]
    if options["json"]:
        command.stdout.write(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        where = " (where its rule holds)" if one["by_rule"] else ""
        title = "" if one["fault"] == one["does"] else f"{one['fault']}: "
        calls_hit = _in_words(one["calls"])
        command.stdout.write(f"{title}{one['does']}{where}, on calls: {calls_hit}")
    if not found:
        command.stdout.write(f"Stream '{slug}' has no faults that are enabled.")


def _hit(fault: Fault, stream: Stream, calls: int, seed: int | None) -> list[int]:
    own = seed is None
    chosen = (stream.seed or 0) if seed is None else seed

    def hits(number: int) -> bool:
        return fault.fires(seed=chosen, own_seed=own, call=lambda: number)

    return [number for number in range(1, calls + 1) if hits(number)]


def _in_words(numbers: list[int]) -> str:
    """Write numbers as an editor would: `1-3, 7`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1][-1] = number
        else:
            ranges.append([number, number])
    said = (str(a) if a == b else f"{a}-{b}" for a, b in ranges)
    return ", ".join(said) or "none"
