"""Threads: conversations, with their messages and runs."""

import time
from typing import Any

from django.db import transaction

from streams.api.assistants import messages, reading, store
from streams.api.assistants.base import Visit, resource
from streams.api.assistants.store import THREAD
from streams.formats.fields import Fields
from streams.models.kept import Kept, new_id


def read(fields: Fields) -> dict[str, Any]:
    """Return a new thread as a body describes it."""
    return {
        "id": new_id("thread"),
        "object": "thread",
        "created_at": int(time.time()),
        "metadata": reading.metadata(fields),
        "tool_resources": reading.tool_resources(fields),
    }


def keep(visit: Visit, thread: dict[str, Any], said: list[dict[str, Any]]) -> Kept:
    """Keep a new thread with its messages."""
    row = store.keep(visit.workspace, THREAD, thread)
    for message in said:
        messages.keep(row, message)
    return row


def create(visit: Visit) -> dict[str, Any]:
    thread = read(visit.fields)
    said = [messages.read(one) for one in visit.fields.objects("messages")]
    with transaction.atomic():
        return dict(keep(visit, thread, said).data)


def retrieve(visit: Visit, thread: str) -> dict[str, Any]:
    return dict(store.find(visit.workspace, THREAD, thread).data)


def update(visit: Visit, thread: str) -> dict[str, Any]:
    row = store.find(visit.workspace, THREAD, thread)
    readers = {
        "metadata": reading.metadata,
        "tool_resources": reading.tool_resources,
    }
    fields = visit.fields
    given = {name: take(fields) for name, take in readers.items() if name in fields}
    with transaction.atomic():
        store.lock(row)
        row.refresh_from_db()
        store.change(row, **given)
    return dict(row.data)


def delete(visit: Visit, thread: str) -> dict[str, Any]:
    return store.delete(store.find(visit.workspace, THREAD, thread))


collection = resource(post=create)
one = resource(get=retrieve, post=update, delete=delete)
