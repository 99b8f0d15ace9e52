"""Messages: what was said in a thread, by its user and by the runs."""

import time
from typing import Any

from django.db import transaction

from streams.api.assistants import reading, settling, store
from streams.api.assistants.base import Visit, resource
from streams.api.assistants.store import MESSAGE
from streams.exceptions import Problem
from streams.formats.call import Message
from streams.formats.fields import Fields
from streams.formats.openai_assistants_outcome import text_of
from streams.models.kept import Kept, new_id


def read(fields: Fields) -> dict[str, Any]:
    """Return a message as a body describes it, without its thread."""
    return {
        "id": new_id("msg"),
        "object": "thread.message",
        "created_at": int(time.time()),
        "assistant_id": None,
        "thread_id": None,
        "run_id": None,
        "role": reading.one_of(fields, "role", reading.ROLES),
        "content": reading.content(fields),
        "attachments": reading.attachments(fields),
        "metadata": reading.metadata(fields),
        "status": "completed",
        "completed_at": None,
        "incomplete_at": None,
        "incomplete_details": None,
    }


def keep(thread: Kept, message: dict[str, Any]) -> Kept:
    """Add a message to its thread."""
    data = {**message, "thread_id": thread.key}
    return store.keep(thread.workspace, MESSAGE, data, parent=thread)


def conversation(thread: Kept) -> tuple[Message, ...]:
    """Return what was said in a thread, for scripts that want to know."""
    rows = thread.children.filter(kind=MESSAGE).order_by("pk")
    return tuple(as_spoken(row.data) for row in rows)


def as_spoken(message: dict[str, Any]) -> Message:
    return Message(role=message["role"], content=text_of(message))


def create(visit: Visit, thread: str) -> dict[str, Any]:
    row = settling.open_thread(visit, thread)
    message = read(visit.fields)
    with transaction.atomic():
        store.lock(row)
        if run := settling.active_run(row):
            raise Problem(
                status=400,
                code="run_active",
                message=(
                    f"Can't add messages to {row.key} while a run {run.key} is active:"
                    " wait for its end, or cancel it."
                ),
            )
        return dict(keep(row, message).data)


def list_(visit: Visit, thread: str) -> dict[str, Any]:
    row = settling.open_thread(visit, thread)
    rows = row.children.filter(kind=MESSAGE)
    if run := visit.incoming.query.get("run_id"):
        rows = rows.filter(data__run_id=run) if store.is_id(run) else rows.none()
    return store.listed(rows, visit.incoming)


def retrieve(visit: Visit, thread: str, message: str) -> dict[str, Any]:
    return dict(_find(visit, thread, message).data)


def update(visit: Visit, thread: str, message: str) -> dict[str, Any]:
    row = _find(visit, thread, message)
    given = reading.metadata(visit.fields)
    with transaction.atomic():
        store.lock(row)
        if "metadata" in visit.fields:
            store.change(row, metadata=given)
    return dict(row.data)


def delete(visit: Visit, thread: str, message: str) -> dict[str, Any]:
    return store.delete(_find(visit, thread, message))


def _find(visit: Visit, thread: str, message: str) -> Kept:
    row = settling.open_thread(visit, thread)
    return store.find(visit.workspace, MESSAGE, message, parent=row)


collection = resource(get=list_, post=create)
one = resource(get=retrieve, post=update, delete=delete)
