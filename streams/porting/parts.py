"""The rules and faults of a stream's file, and what a model has against a value."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError

from streams.documents import Reader, Table
from streams.documents.mistakes import meant, shown
from streams.models import Fault, Rule
from streams.porting.schema import FAULT_DEFAULTS, RULE_DEFAULTS


def read_tables(
    reader: Reader,
    table: Table,
    name: str,
    lines: dict[str, int],
    read: Callable[[Reader, Table], dict[str, Any]],
) -> tuple[dict[str, Any], ...]:
    """Read a stream's rules or faults; no two may have one title."""
    found = []
    titles: dict[str, int] = {}
    for number, one in enumerate(table.values.get(name, ())):
        values = read(reader, one)
        title = values["title"]
        if title and title in titles:
            reader.wrong(
                f"Two of the {name} are called {shown(title)}, the other in line"
                f" {titles[title]}: give one another title.",
                one.line_of("title"),
            )
        titles.setdefault(title, one.line_of("title"))
        lines |= {f"{name}.{number}.{k}": line for k, line in one.lines.items()}
        lines[f"{name}.{number}"] = one.line
        found.append(values)
    return tuple(found)


def read_fault(reader: Reader, table: Table) -> dict[str, Any]:
    """Read a fault; what nobody can understand of it makes it `broken`."""
    values = {**FAULT_DEFAULTS, **table.values}
    if set(table.lines) - set(table.values):
        # What is wrong with it is told already; anything else would be a guess.
        return {**values, "broken": True}
    fault = Fault(**values)
    ask_model(reader, fault, table, ("stream",))
    # Made of what it does, unless it has one.
    return {**values, "title": fault.title or fault.default_title}


def read_rule(reader: Reader, table: Table) -> dict[str, Any]:
    """Read a rule; whether its scripts are there is for others to see."""
    values = {**RULE_DEFAULTS, **table.values}
    values["scripts"] = tuple(values["scripts"])
    if set(table.lines) - set(table.values):
        return values
    if not values["title"]:
        reader.wrong("A rule needs a title: write `title: …`.", table.line)
        return values
    plain = {k: v for k, v in values.items() if k not in ("scripts", "fault")}
    ask_model(reader, Rule(**plain), table, ("stream", "fault"))
    return values


def check_faults_of_rules(
    reader: Reader,
    rules: Collection[Mapping[str, Any]],
    titles: Collection[str],
    lines: Mapping[str, int],
) -> None:
    """Find the rules that name a fault which the stream does not have."""
    for number, rule in enumerate(rules):
        if rule["fault"] and rule["fault"] not in titles:
            reader.wrong(
                f"No fault of this stream is called {shown(rule['fault'])}:"
                f" {meant(rule['fault'], titles)}",
                lines.get(f"rules.{number}.fault"),
            )


def ask_model(reader: Reader, row: Any, table: Table, exclude: Collection[str]) -> None:
    """Ask a model's row itself what is wrong with it, as a form would."""
    if set(table.lines) - set(table.values):
        # What is wrong is told already; anything else would be a guess.
        return
    errors: dict[str, list[str]] = {}
    asked: list[Callable[[], None]] = [
        lambda: row.clean_fields(exclude={*exclude, "slug"})
    ]
    if "body" not in exclude:
        asked.append(row.clean)
    for ask in asked:
        try:
            ask()
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                errors.setdefault(name, []).extend(messages)
    for name, messages in errors.items():
        for message in messages:
            reader.wrong(f"`{name}`: {sentence(message)}", table.line_of(name))


def sentence(text: str) -> str:
    """Write a message as a sentence."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
