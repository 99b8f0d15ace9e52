"""The ranges of `core.parameters`, as validators and as database constraints."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from streams.core.parameters import PARAMETERS

NULLABLE = ("seed", "max_concurrent", "max_duration_s", "max_bytes", "hold_after")


def ranged(name: str, verbose_name: Any, **options: Any) -> dict[str, Any]:
    """Return a field's name and validators from the table of parameters."""
    parameter = PARAMETERS[name]
    validators = [
        MinValueValidator(parameter.lowest),
        MaxValueValidator(parameter.highest),
    ]
    return {"verbose_name": verbose_name, "validators": validators, **options}


def in_range(field: str, name: str | None = None) -> models.CheckConstraint:
    """Return the database's own copy of a parameter's range."""
    parameter = PARAMETERS[name or field]
    condition = models.Q(
        **{f"{field}__gte": parameter.lowest, f"{field}__lte": parameter.highest}
    )
    if field in NULLABLE:
        condition |= models.Q(**{f"{field}__isnull": True})
    return models.CheckConstraint(
        condition=condition, name=f"streams_stream_{field}_in_range"
    )
