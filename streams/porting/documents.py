"""Scripts and streams as files have them: plain values, complete and comparable."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from streams.core.script import normalise
from streams.documents import Mistake
from streams.models import Fault, Rule, Script, Stream
from streams.porting.schema import FAULT, RULE, SCRIPT, STREAM

Values = Mapping[str, Any]


class Kind(StrEnum):
    SCRIPT = "script"
    STREAM = "stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What one file says, with every default filled in."""

    kind: Kind
    slug: str
    values: Values
    """All but the slug. A script's body is among them, a stream's rules and faults."""
    file: str
    """Its name, for messages."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where what is said: `delay_ms`, `rules.0.title`."""
    mistakes: tuple[Mistake, ...] = ()
    weight: int = 0
    """What it takes to keep, in characters, more or less."""

    def line_of(self, *path: object) -> int | None:
        """Return the line of a value, or else of the table that it would be in."""
        parts = [str(part) for part in path]
        while parts:
            if line := self.lines.get(".".join(parts)):
                return line
            parts.pop()
        return None

    def references(self) -> Iterator[tuple[str, int | None]]:
        """Yield the slug of each script that a stream may say, with its line."""
        if self.kind == Kind.STREAM:
            if self.values["script"]:
                yield self.values["script"], self.line_of("script")
            for number, rule in enumerate(self.values["rules"]):
                for slug in rule["scripts"]:
                    yield slug, self.line_of("rules", number, "scripts")

    def with_scripts(self, renamed: Mapping[str, str]) -> Values:
        """Return the values with scripts by other names."""
        if self.kind == Kind.SCRIPT or not renamed:
            return self.values
        rules = tuple(
            {**rule, "scripts": tuple(renamed.get(s, s) for s in rule["scripts"])}
            for rule in self.values["rules"]
        )
        script = renamed.get(self.values["script"], self.values["script"])
        return {**self.values, "script": script, "rules": rules}


def script_values(script: Script) -> dict[str, Any]:
    """Return what a script's file would say, its slug left out."""
    values = _plain(script, SCRIPT)
    return {**values, "body": normalise(script.body)}


def stream_values(stream: Stream) -> dict[str, Any]:
    """Return what a stream's file would say, its slug left out.

    Best with `prefetched`, or each stream is asked for in several queries.
    """
    faults: Any = stream.faults
    in_order = sorted(faults.all(), key=lambda fault: (fault.order, fault.pk))
    rules = sorted(stream.rules.all(), key=lambda rule: (rule.order, rule.pk))
    values = _plain(stream, STREAM) | {"script": stream.script.slug}
    return {
        **{name: values[name] for name in STREAM if name != "slug"},
        "faults": tuple(fault_values(fault) for fault in in_order),
        "rules": tuple(_rule_values(rule) for rule in rules),
    }


def prefetched() -> Any:
    """Return the streams with all that `stream_values` looks at."""
    streams = Stream.objects.select_related("script").defer("script__body")
    return streams.prefetch_related("faults", "rules__parts__script", "rules__fault")


def fault_values(fault: Fault) -> dict[str, Any]:
    """Return what a stream's file would say of a fault."""
    return {**_plain(fault, FAULT), "title": fault.title or fault.default_title}


def _rule_values(rule: Rule) -> dict[str, Any]:
    parts = sorted(rule.parts.all(), key=lambda part: (part.order, part.pk))
    return {
        **_plain(rule, RULE),
        "scripts": tuple(part.script.slug for part in parts),
        "fault": rule.fault.title if rule.fault else "",
    }


def _plain(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    values = {}
    for name in names:
        if name == "slug" or row._meta.get_field(name).is_relation:
            continue
        value = getattr(row, name)
        if isinstance(value, str):
            # A choice is a text like any other; forms send CR and LF.
            value = normalise(str(value))
        values[name] = value
    return values
