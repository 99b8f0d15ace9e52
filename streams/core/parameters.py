"""What people may set, within which range: one table for models, forms and requests."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from streams.core.chunks import Unit
from streams.core.encoding import printable
from streams.exceptions import Problem

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A number with its range, ends included."""

    name: str
    lowest: float
    highest: float
    unit: str = ""
    """What it is counted in, for messages."""
    whole: bool = True

    def parse(self, raw: str) -> float:
        """Read a request's value; raise Problem with status 400 for a bad one."""
        wanted = (
            f"{'a whole number' if self.whole else 'a number'}"
            f" from {self.lowest:g} to {self.highest:.16g}"
        )
        if self.unit:
            wanted += f" ({self.unit})"
        if not (_WHOLE if self.whole else _DECIMAL).fullmatch(raw):
            raise Problem(
                status=400,
                code="parameter_not_a_number",
                message=f"{shown(self.name, raw)} is not {wanted}.",
                param=self.name,
            )
        value = int(raw) if self.whole else float(raw)
        if not self.lowest <= value <= self.highest:
            raise Problem(
                status=400,
                code="parameter_out_of_range",
                message=f"{shown(self.name, raw)} is out of range: give {wanted}.",
                param=self.name,
            )
        return value


PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter(name="chunk_size", lowest=1, highest=10_000),
        Parameter(name="delay_ms", lowest=0, highest=60_000, unit="milliseconds"),
        Parameter(name="ttft_ms", lowest=0, highest=600_000, unit="milliseconds"),
        Parameter(name="jitter_percent", lowest=0, highest=100, unit="percent"),
        # The whole numbers that JavaScript keeps exactly.
        Parameter(name="seed", lowest=0, highest=2**53 - 1),
        Parameter(name="speed", lowest=0.1, highest=100, whole=False),
        Parameter(name="retry_ms", lowest=100, highest=600_000, unit="milliseconds"),
        Parameter(name="max_concurrent", lowest=1, highest=1_000_000),
        Parameter(name="max_duration_s", lowest=1, highest=86_400, unit="seconds"),
        Parameter(name="max_bytes", lowest=1, highest=10**12),
        Parameter(name="heartbeat_s", lowest=1, highest=600, unit="seconds"),
        Parameter(name="fault_place", lowest=0, highest=999_999_999),
        Parameter(name="fault_seconds", lowest=0, highest=600, unit="seconds"),
        Parameter(name="fault_status", lowest=400, highest=599),
        Parameter(name="fault_chance", lowest=0, highest=100, unit="percent"),
        Parameter(name="retry_after_s", lowest=0, highest=86_400, unit="seconds"),
        Parameter(name="hold_after", lowest=0, highest=999_999_999),
    )
}

PACE = ("speed", "seed", "unit", "chunk_size", "delay_ms", "ttft_ms")
"""What any request may set for itself."""

OVERRIDES = (*PACE, "fault", "hold_after", "script", "session")
"""The same with what a stream may permit; and the name by which calls are counted."""

HEADERS: Mapping[str, str] = {
    f"x-stream-{name.replace('_', '-')}": name for name in OVERRIDES
}
"""The request headers that set the same, in lower case: `x-stream-delay-ms`."""


def parse_overrides(raw: Mapping[str, str], *, max_speed: float) -> dict[str, object]:
    """Read a request's overrides of pace; raise Problem for one out of range."""
    values: dict[str, object] = {}
    for name in PACE:
        if name not in raw:
            continue
        if name == "unit":
            values[name] = _parse_unit(raw[name])
        else:
            values[name] = PARAMETERS[name].parse(raw[name])
    if isinstance(speed := values.get("speed"), float):
        check_speed(speed, max_speed)
    return values


def check_speed(speed: float, most: float) -> None:
    """Raise Problem for a speed above a stream's own limit."""
    if speed > most:
        raise Problem(
            status=400,
            code="parameter_out_of_range",
            message=f"`speed={speed:g}` is above this stream's limit {most:g}.",
            param="speed",
        )


def shown(name: str, value: str) -> str:
    """Quote a parameter for a message, long or unprintable values cut short."""
    value = printable(value)
    return f"`{name}={value[:40]}{'…' if len(value) > 40 else ''}`"


def _parse_unit(raw: str) -> Unit:
    try:
        return Unit(raw)
    except ValueError:
        raise Problem(
            status=400,
            code="parameter_unknown_value",
            message=f"{shown('unit', raw)} is not one of {', '.join(Unit)}.",
            param="unit",
        ) from None
