import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.exceptions import Problem
from streams.management.naming import near
from streams.models import Stream
from streams.preparing.explaining import Explanation, State, explain, imagined_call

HELP = "say which script answers a call, and why the rules above did not"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("slug", help="the stream's")
    parser.add_argument("--prompt", default="", help="what the user says")
    parser.add_argument(
        "--turn",
        type=int,
        default=1,
        metavar="N",
        help="which message of the user's it is in the conversation, 1 unless given",
    )
    parser.add_argument("--system", default="", help="the system prompt")
    parser.add_argument("--model", default="", help="the model that the caller names")
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a header; may be given several times",
    )
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the body or the query; may be given several times",
    )
    parser.add_argument("--session", default="", help="the X-Stream-Session")
    parser.add_argument(
        "--call",
        type=int,
        metavar="N",
        help="as if it were that call of its session; else the next one",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def handle(command: BaseCommand, options: Mapping[str, Any]) -> None:
    slug = options["slug"]
    stream = Stream.objects.select_related("script").filter(slug=slug).first()
    if stream is None:
        slugs = list(Stream.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no stream {near(slug, slugs)}")
    for name in ("turn", "call"):
        if options[name] is not None and not 1 <= options[name] <= 1000:
            raise CommandError(f"--{name} counts from 1, to 1000 at most.")
    call = imagined_call(
        **{name: options[name] for name in ("prompt", "turn", "system", "model")},
        session=options["session"],
        headers=_pairs("header", options["header"]),
        params=_pairs("param", options["param"]),
    )
    try:
        explanation = explain(stream, call, options["call"])
    except Problem as problem:
        raise CommandError(str(problem)) from None
    if options["json"]:
        said = json.dumps(_as_json(explanation), ensure_ascii=False)
        command.stdout.write(said)
        return
    for number, one in enumerate(explanation.rules, 1):
        said = one.state if one.reason is None else f"{one.state}: {one.reason}"
        command.stdout.write(f"{number}  {one.rule.title}  {said}")
    command.stdout.write(_answer(explanation))


def _pairs(option: str, given: list[str]) -> dict[str, str]:
    pairs = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not (name and sign):
            raise CommandError(f"--{option} '{one}' has no value: write NAME=VALUE.")
        pairs[name] = value
    return pairs


def _answer(explanation: Explanation) -> str:
    chosen = explanation.chosen
    said = f"Script: {chosen.script.slug}"
    if explanation.scripts > 1:
        said += f" ({chosen.place + 1} of {explanation.scripts})"
    if chosen.choice.rule is None:
        return f"{said}, the stream's own: no rule holds."
    said += f", by rule '{chosen.rule}'"
    [won] = [one.rule for one in explanation.rules if one.state == State.WON]
    return f"{said}, with fault '{won.fault}'." if won.fault else f"{said}."


def _as_json(explanation: Explanation) -> dict[str, object]:
    return {
        "script": explanation.chosen.script.slug,
        "rule": explanation.chosen.rule,
        "call": explanation.number,
        "rules": [
            {
                "title": one.rule.title,
                "state": one.state,
                "why": None if one.reason is None else str(one.reason),
            }
            for one in explanation.rules
        ],
    }
