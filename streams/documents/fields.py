"""What a file may say: its fields, read with a message for each that is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streams.documents.mistakes import Mistake, meant, shown
from streams.documents.nodes import Items, Node, Pairs, Scalar, called

_WHOLE = re.compile(r"[-+]?[0-9]{1,20}")
_NUMBER = re.compile(
    r"[-+]?([0-9]{1,20}(\.[0-9]{0,25})?|\.[0-9]{1,25})(e[-+]?[0-9]{1,3})?"
)
_WITH_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|min|%)")
_SWITCHES = {"true": True, "yes": True, "on": True}
_SWITCHES |= {"false": False, "no": False, "off": False}
_MILLISECONDS = {"ms": 1, "s": 1000, "min": 60_000}


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    SWITCH = "switch"
    NAMES = "names"
    """A list of texts."""
    TABLES = "tables"
    """A list of tables, each with fields of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that a file may say."""

    name: str
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()
    """A text is one of these; empty: any."""
    longest: int | None = None
    """Most characters of a text."""
    lowest: float | None = None
    highest: float | None = None
    blank: bool = True
    """Whether a text may be empty."""
    nullable: bool = False
    """Whether a number may be left open, with `null`."""
    fields: "tuple[Field, ...]" = ()
    """Those of each table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What was said, and where."""

    values: Mapping[str, Any]
    """By the field's name: what is not there was not said. Tables are Tables."""
    lines: Mapping[str, int]
    line: int

    def line_of(self, name: str) -> int:
        return self.lines.get(name, self.line)


class Reader:
    """Reads the tables of one file, and gathers what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[Mistake] = []

    def wrong(self, message: str, line: int | None) -> None:
        self.mistakes.append(Mistake(file=self.file, message=message, line=line))

    def table(self, node: Node, fields: Sequence[Field]) -> Table:
        """Read a table. What is wrong is left out, and among the mistakes."""
        if not isinstance(node, Pairs):
            self.wrong(
                f"This is {called(node)}: write names with values, such as"
                f" `{fields[0].name}: …`.",
                node.line,
            )
            return Table(values={}, lines={}, line=node.line)
        known = {field.name: field for field in fields}
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in node.pairs:
            name = key.text
            if name not in known:
                self.wrong(
                    f"There is no field {shown(name)}: {meant(name, known)}", key.line
                )
            elif name in lines:
                self.wrong(
                    f"`{name}` is there twice, first in line {lines[name]}: leave one"
                    " out.",
                    key.line,
                )
            else:
                lines[name] = key.line
                before = len(self.mistakes)
                read = self._field(known[name], value)
                if len(self.mistakes) == before:
                    values[name] = read
        return Table(values=values, lines=lines, line=node.line)

    def _field(self, field: Field, node: Node) -> Any:
        if field.kind == Kind.TABLES:
            return self._tables(field, node)
        if field.kind == Kind.NAMES:
            return self._names(field, node)
        if not isinstance(node, Scalar):
            self.wrong(f"`{field.name}` is one value, not {called(node)}.", node.line)
            return None
        if field.kind == Kind.TEXT:
            return self._text(field, node)
        if field.kind == Kind.SWITCH:
            return self._switch(field, node)
        return self._number(field, node)

    def _tables(self, field: Field, node: Node) -> list[Table]:
        if isinstance(node, Scalar) and node.is_null:
            return []
        if not isinstance(node, Items):
            self.wrong(
                f"`{field.name}` is a list: begin each of its entries with a dash,"
                f" `- {field.fields[0].name}: …`.",
                node.line,
            )
            return []
        return [self.table(item, field.fields) for item in node.items]

    def _names(self, field: Field, node: Node) -> list[str]:
        if isinstance(node, Scalar):
            return [] if node.is_null else [node.text]
        names = []
        for item in node.items if isinstance(node, Items) else [node]:
            if isinstance(item, Scalar):
                names.append(item.text)
            else:
                self.wrong(
                    f"`{field.name}` is a list of names, such as [one, two].", item.line
                )
        return names

    def _text(self, field: Field, node: Scalar) -> str:
        text = "" if node.is_null else node.text
        if field.choices and text not in field.choices:
            if not (field.blank and text == ""):
                self.wrong(
                    f"`{field.name}` is {shown(text)}, which is none of"
                    f" {', '.join(field.choices)}{_perhaps(text, field.choices)}",
                    node.line,
                )
        elif not text and not field.blank:
            self.wrong(
                f"`{field.name}` is empty: give it a text, or leave the line out.",
                node.line,
            )
        elif field.longest is not None and len(text) > field.longest:
            self.wrong(
                f"`{field.name}` has {len(text)} characters: {field.longest} at most.",
                node.line,
            )
        return text

    def _switch(self, field: Field, node: Scalar) -> bool:
        text = node.text.lower()
        if text not in _SWITCHES or node.quoted:
            self.wrong(
                f"`{field.name}` is {shown(node.text)}: write true or false, without"
                " quotes.",
                node.line,
            )
        return _SWITCHES.get(text, False)

    def _number(self, field: Field, node: Scalar) -> float | None:
        if node.is_null and field.nullable:
            return None
        whole = field.kind == Kind.WHOLE
        pattern = _WHOLE if whole else _NUMBER
        wanted = "a whole number" if whole else "a number"
        if field.lowest is not None and field.highest is not None:
            wanted += f" from {field.lowest:g} to {field.highest:.16g}"
        if node.quoted or not pattern.fullmatch(node.text.lower()):
            self.wrong(
                f"`{field.name}` is {shown(node.text)}, which is not {wanted}"
                f"{_remedy(field, node)}.",
                node.line,
            )
            return None
        value = int(node.text) if whole else float(node.text)
        low = field.lowest is not None and value < field.lowest
        if low or (field.highest is not None and value > field.highest):
            self.wrong(
                f"`{field.name}` is {shown(node.text)}, which is out of range: give"
                f" {wanted}.",
                node.line,
            )
        return value


def _perhaps(text: str, choices: Sequence[str]) -> str:
    said = meant(text, choices)
    return f": {said}" if said.startswith("did") else "."


def _remedy(field: Field, node: Scalar) -> str:
    """Say what to write instead, where that can be told."""
    if node.quoted and _NUMBER.fullmatch(node.text.lower()):
        return ": leave out the quotes"
    match = _WITH_UNIT.fullmatch(node.text.strip().lower())
    if not match:
        return ""
    number, unit = float(match[1]), match[2]
    if unit in _MILLISECONDS:
        milliseconds = number * _MILLISECONDS[unit]
        if field.name.endswith("_ms"):
            return f": it counts milliseconds, write {milliseconds:g}"
        if field.name.endswith("_s") or field.name == "seconds":
            return f": it counts seconds, write {milliseconds / 1000:g}"
    elif field.name.endswith("_percent"):
        return f": write {number:g}"
    return ": leave out the unit"
