"""The kinds of faults in words, and what each of them takes."""

from django.db import models
from django.utils.translation import gettext_lazy

from streams.core.faults import Kind

SOME_FIELDS = (
    *("after_event", "at_position", "seconds", "status", "retry_after_s", "message"),
    "error_type",
)
"""What only some kinds of fault take."""


def fields_of(kind: Kind) -> set[str]:
    """Return which of SOME_FIELDS a kind of fault takes."""
    taken = {"after_event", "at_position"} if kind.is_act else set()
    if kind == Kind.STATUS:
        taken |= {"status", "retry_after_s", "message"}
    if kind.takes_seconds:
        taken.add("seconds")
    if kind == Kind.ERROR:
        taken.add("error_type")
    return taken


class FaultKind(models.TextChoices):
    """What goes wrong, as the admin calls it."""

    STATUS = Kind.STATUS.value, gettext_lazy("HTTP status, no stream")
    SLOW_START = Kind.SLOW_START.value, gettext_lazy("Slow start")
    STALL = Kind.STALL.value, gettext_lazy("Stall: silence, then on")
    DROP = Kind.DROP.value, gettext_lazy("Drop the connection")
    TRUNCATE = Kind.TRUNCATE.value, gettext_lazy("Truncate: end too early")
    ERROR = Kind.ERROR.value, gettext_lazy("Error event, then the end")
    MALFORMED = Kind.MALFORMED.value, gettext_lazy("Malformed event")
    SPLIT = Kind.SPLIT.value, gettext_lazy("Event split in two writes")
    DUPLICATE = Kind.DUPLICATE.value, gettext_lazy("Event sent twice")
    REORDER = Kind.REORDER.value, gettext_lazy("Events in wrong order")
