"""Keeping the API's objects, finding them again, and listing them."""

import re
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from streams.core.script import normalise
from streams.exceptions import Problem
from streams.formats.call import Incoming
from streams.formats.fields import invalid
from streams.formats.openai_assistants import page
from streams.models.kept import Kept

ASSISTANT = "assistant"
THREAD = "thread"
MESSAGE = "thread.message"
RUN = "thread.run"
STEP = "thread.run.step"
PLAY = "thread.run.play"
"""Ours alone: what a run that has not ended is played from; see `plays`."""

DEFAULT_LIMIT = 20
MOST_LISTED = 100

_ID = re.compile(r"[A-Za-z0-9_]{1,64}")
_LIMIT = re.compile(r"[0-9]{1,3}")


def keep(
    workspace: str, kind: str, data: dict[str, Any], parent: Kept | None = None
) -> Kept:
    """Keep an object under its own id."""
    row = Kept(key=data["id"], kind=kind, workspace=workspace, parent=parent, data=data)
    row.save(force_insert=True)
    return row


def find(workspace: str, kind: str, key: str, parent: Kept | None = None) -> Kept:
    """Return an object of somebody's; raise Problem with status 404 for none."""
    rows = Kept.objects.of(workspace, kind).filter(key=key)
    if parent is not None:
        rows = rows.filter(parent=parent)
    found: Kept | None = rows.first() if is_id(key) else None
    if found is None:
        raise not_found(kind, key)
    return found


def is_id(key: str) -> bool:
    """Tell whether this may be an id.

    What is none is not for the database: PostgreSQL refuses NUL with an error.
    """
    return bool(_ID.fullmatch(key))


def not_found(kind: str, key: str) -> Problem:
    name = kind.removeprefix("thread.").replace(".", " ")
    return Problem(
        status=404,
        code="not_found",
        message=(
            f"No {name} found with id '{normalise(key)[:64]}'. Objects are seen only"
            " with the API key that made them."
        ),
    )


def lock(row: Kept) -> None:
    """Keep everybody else from this row's lock until the transaction ends.

    By writing to it, which works in any database: SQLite does not know SELECT … FOR
    UPDATE, and there a transaction that reads first may not be able to write later.
    """
    if not Kept.objects.filter(pk=row.pk).update(updated=timezone.now()):
        raise not_found(row.kind, row.key)


def touch(row: Kept) -> None:
    """Note, once a day, that an object is in use: what is not is deleted some time."""
    if timezone.now() - row.updated > timedelta(days=1):
        Kept.objects.filter(pk=row.pk).update(updated=timezone.now())


def change(row: Kept, **values: Any) -> None:
    """Change some of an object's fields, of a row that was read under its lock."""
    row.data = {**row.data, **values}
    row.save(update_fields=["data", "updated"])


def delete(row: Kept) -> dict[str, Any]:
    """Delete an object with all that is in it; return what the API says then."""
    with transaction.atomic():
        lock(row)
        row.delete()
    return {"id": row.key, "object": f"{row.kind}.deleted", "deleted": True}


def listed(rows: Any, incoming: Incoming) -> dict[str, Any]:
    """Return the page of a query set that a request asks for."""
    query = incoming.query
    limit = _limit(query.get("limit") or str(DEFAULT_LIMIT))
    newest_first = _order(query.get("order") or "desc") == "desc"
    older, newer = ("pk__lt", "pk__gt") if newest_first else ("pk__gt", "pk__lt")
    after, before = query.get("after"), query.get("before")
    if after:
        rows = rows.filter(**{older: _place(rows, after, "after")})
    if before:
        rows = rows.filter(**{newer: _place(rows, before, "before")})
    # What comes before a place is what is next to it, not the beginning of the list.
    backwards = bool(before and not after)
    rows = rows.order_by("-pk" if newest_first != backwards else "pk")
    found = [row.data for row in rows[: limit + 1]]
    data = found[:limit]
    if backwards:
        data.reverse()
    return page(data, more=len(found) > limit)


def _place(rows: Any, key: str, param: str) -> int:
    place: int | None = None
    if is_id(key):
        place = rows.filter(key=key).values_list("pk", flat=True).first()
    if place is None:
        raise invalid(param, f"nothing in this list has the id '{key[:64]}'")
    return place


def _limit(raw: str) -> int:
    if not _LIMIT.fullmatch(raw) or not 1 <= int(raw) <= MOST_LISTED:
        raise invalid("limit", f"'{raw[:40]}' is not from 1 to {MOST_LISTED}")
    return int(raw)


def _order(raw: str) -> str:
    if raw not in ("asc", "desc"):
        raise invalid("order", f"'{raw[:40]}' is neither asc nor desc")
    return raw
