"""Faults as requests write them: `drop:3`, `stall:5:2s`, `status:429:1`."""

import re

from streams.core.acts import ERROR_KINDS
from streams.core.faults import Fault, Kind
from streams.core.parameters import PARAMETERS, shown
from streams.exceptions import Problem

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s)")
_PLACE = re.compile(r"@?[0-9]{1,9}")

MOST = 20
"""Faults that one request may have."""

EXAMPLES = (
    "`drop:3`, `drop:3:always`, `truncate:@40`, `stall:5:2s`, `error:4:overloaded`,"
    " `malformed:2`, `status:503`, `status:429:1`, `slow-start:2s` or `none`"
)


def parse_faults(raw: str) -> tuple[Fault, ...]:
    """Read a request's `fault`, several with commas between; raise Problem (400).

    `none` asks for a run in which nothing goes wrong.
    """
    if raw.strip() == "none":
        return ()
    parts = raw.split(",")
    if len(parts) > MOST:
        raise Problem(
            status=400,
            code="parameter_out_of_range",
            message=f"`fault` has {len(parts):,} faults: give {MOST} at most.",
            param="fault",
        )
    return tuple(_parse(part.strip(), raw) for part in parts)


def _parse(text: str, raw: str) -> Fault:
    name, *parts = text.split(":")
    try:
        if name not in tuple(Kind):
            raise ValueError(f"'{name[:40]}' is no kind of fault")
        kind = Kind(name)
        if kind == Kind.STATUS:
            return _parse_status(parts)
        values: dict[str, object] = {}
        if kind.is_act and parts and _PLACE.fullmatch(parts[0]):
            place = parts.pop(0)
            name = "position" if place.startswith("@") else "event"
            values[name] = _number("fault_place", place.removeprefix("@"))
        if kind.takes_seconds:
            values["seconds"] = _seconds(parts.pop(0))
        if kind.breaks_connection and parts == ["always"]:
            values["always"] = bool(parts.pop())
        if kind == Kind.ERROR and parts and parts[0] in ERROR_KINDS:
            values["error"] = parts.pop(0)
        if parts:
            raise ValueError(f"nothing is known of '{':'.join(parts)[:40]}'")
    except (ValueError, IndexError) as error:
        why = "" if isinstance(error, IndexError) else f" ({error})"
        raise Problem(
            status=400,
            code="parameter_unknown_value",
            message=f"{shown('fault', raw)} cannot be read{why}: give {EXAMPLES}.",
            param="fault",
        ) from None
    return Fault(kind=kind, **values)  # type: ignore[arg-type]


def _parse_status(parts: list[str]) -> Fault:
    status = _number("fault_status", parts.pop(0))
    retry_after = _number("retry_after_s", parts.pop(0)) if parts else None
    if parts:
        raise ValueError(f"nothing is known of '{':'.join(parts)[:40]}'")
    return Fault(kind=Kind.STATUS, status=status, retry_after=retry_after)


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text[:40]}' is no duration such as 800ms or 2s")
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
    most = PARAMETERS["fault_seconds"].highest
    if seconds > most:
        raise ValueError(f"{text} is longer than {most:g}s, the most")
    return seconds


def _number(name: str, text: str) -> int:
    parameter = PARAMETERS[name]
    try:
        return int(parameter.parse(text.removesuffix("s")))
    except Problem:
        raise ValueError(
            f"'{text[:40]}' is no whole number from {parameter.lowest:g} to"
            f" {parameter.highest:.16g}"
        ) from None
