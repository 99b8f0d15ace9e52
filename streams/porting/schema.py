"""What files of scripts and streams may say: the models' own fields, in a fixed order.

Names, ranges, choices and defaults are those of the models, so that a file can say
whatever the admin can, and nothing else.
"""

from collections.abc import Sequence
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from streams.documents import Field, Kind
from streams.models import Fault, Rule, Script, Stream

SCHEMA = 1
"""The version of the streams' files. It grows when an old reader would misread one."""

SCRIPT = ("title", "slug", "rendering", "tags", "notes")

STREAM = (
    *("title", "slug", "script", "published", "access"),
    *("unit", "chunk_size", "delay_ms", "ttft_ms", "jitter_percent", "seed"),
    *("retry_ms", "heartbeat_s"),
    *("max_speed", "max_concurrent", "max_duration_s", "max_bytes"),
    *("hold_after", "allow_faults", "allow_script", "tags", "notes"),
)

RULE = (
    *("title", "enabled"),
    *("prompt_test", "prompt_text", "ignore_case", "turns", "calls"),
    *("system_text", "model_name", "header_name", "header_value"),
    *("parameter_name", "parameter_value"),
    *("counted", "then", "fault"),
)

FAULT = (
    *("title", "enabled", "kind", "status", "retry_after_s", "message"),
    *("seconds", "error_type", "after_event", "at_position", "always"),
    *("calls", "chance_percent"),
)

LEFT_OUT = {
    Script: {"id", "body", "created", "updated"},
    Stream: {"id", "created", "updated"},
    Rule: {"id", "stream", "order"},
    Fault: {"id", "stream", "order"},
}
"""What no file says: what it is called in this database, and what its place says."""

_KINDS: tuple[tuple[Any, Kind], ...] = (
    (models.BooleanField, Kind.SWITCH),
    (models.IntegerField, Kind.WHOLE),
    (models.FloatField, Kind.NUMBER),
    (models.CharField, Kind.TEXT),
    (models.TextField, Kind.TEXT),
    # The name of what it refers to.
    (models.ForeignKey, Kind.TEXT),
)


def _field(model: type[models.Model], name: str) -> Field:
    field: Any = model._meta.get_field(name)
    [kind, *_others] = [kind for known, kind in _KINDS if isinstance(field, known)]
    limits: dict[str, list[float]] = {"lowest": [], "highest": []}
    if kind in (Kind.WHOLE, Kind.NUMBER):
        for validator in field.validators:
            if isinstance(validator, MinValueValidator):
                limits["lowest"].append(validator.limit_value)
            if isinstance(validator, MaxValueValidator):
                limits["highest"].append(validator.limit_value)
    return Field(
        name=name,
        kind=kind,
        choices=tuple(value for value, _label in field.flatchoices if value),
        longest=field.max_length,
        lowest=max(limits["lowest"], default=None),
        highest=min(limits["highest"], default=None),
        blank=field.blank,
        nullable=field.null,
    )


def _fields(model: type[models.Model], names: Sequence[str]) -> tuple[Field, ...]:
    return tuple(_field(model, name) for name in names)


SCRIPT_FIELDS = _fields(Script, SCRIPT)
FAULT_FIELDS = _fields(Fault, FAULT)
# What a rule answers with comes last but for its fault.
RULE_FIELDS = (
    *_fields(Rule, RULE[:-1]),
    Field(name="scripts", kind=Kind.NAMES),
    *_fields(Rule, RULE[-1:]),
)
STREAM_FIELDS = (
    Field(name="schema", kind=Kind.WHOLE),
    *_fields(Stream, STREAM),
    Field(name="faults", kind=Kind.TABLES, fields=FAULT_FIELDS),
    Field(name="rules", kind=Kind.TABLES, fields=RULE_FIELDS),
)


def defaults(model: type[models.Model], names: Sequence[str]) -> dict[str, Any]:
    """Return what fields hold that nobody set; a reference is an empty name."""
    found = {}
    for name in names:
        field: Any = model._meta.get_field(name)
        default = "" if field.is_relation else field.get_default()
        # A choice is a text like any other, here.
        found[name] = str(default) if isinstance(default, str) else default
    return found


SCRIPT_DEFAULTS = defaults(Script, SCRIPT)
STREAM_DEFAULTS = defaults(Stream, STREAM)
RULE_DEFAULTS = {**defaults(Rule, RULE), "scripts": ()}
FAULT_DEFAULTS = defaults(Fault, FAULT)
