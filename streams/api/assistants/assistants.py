"""Assistants: a model, which is a stream, and what runs of it are told."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from streams.api.assistants import reading, store
from streams.api.assistants.base import Visit, resource
from streams.api.assistants.store import ASSISTANT
from streams.formats.fields import Fields
from streams.models.kept import Kept, new_id
from streams.serving.access import find_model

LONGEST_NAME = 256
LONGEST_DESCRIPTION = 512
LONGEST_INSTRUCTIONS = 256_000

_READERS: Mapping[str, Callable[[Fields], Any]] = {
    "model": lambda fields: fields.text("model"),
    "name": lambda fields: reading.text(fields, "name", LONGEST_NAME),
    "description": lambda f: reading.text(f, "description", LONGEST_DESCRIPTION),
    "instructions": lambda f: reading.text(f, "instructions", LONGEST_INSTRUCTIONS),
    "tools": reading.tools,
    "tool_resources": reading.tool_resources,
    "metadata": reading.metadata,
    "temperature": lambda fields: reading.number(fields, "temperature", 2),
    "top_p": lambda fields: reading.number(fields, "top_p", 1),
    "response_format": lambda fields: reading.either(
        fields, "response_format", ("auto",)
    ),
}


def create(visit: Visit) -> dict[str, Any]:
    given = {name: read(visit.fields) for name, read in _READERS.items()}
    find_model(given["model"], visit.asker)
    assistant = {
        "id": new_id("asst"),
        "object": "assistant",
        "created_at": int(time.time()),
        **given,
    }
    row: Kept = store.keep(visit.workspace, ASSISTANT, assistant)
    return dict(row.data)


def list_(visit: Visit) -> dict[str, Any]:
    rows = Kept.objects.of(visit.workspace, ASSISTANT)
    return store.listed(rows, visit.incoming)


def retrieve(visit: Visit, assistant: str) -> dict[str, Any]:
    return dict(store.find(visit.workspace, ASSISTANT, assistant).data)


def update(visit: Visit, assistant: str) -> dict[str, Any]:
    row = store.find(visit.workspace, ASSISTANT, assistant)
    fields = visit.fields
    given = {name: read(fields) for name, read in _READERS.items() if name in fields}
    if "model" in given:
        find_model(given["model"], visit.asker)
    with transaction.atomic():
        store.lock(row)
        row.refresh_from_db()
        store.change(row, **given)
    return dict(row.data)


def delete(visit: Visit, assistant: str) -> dict[str, Any]:
    return store.delete(store.find(visit.workspace, ASSISTANT, assistant))


collection = resource(get=list_, post=create)
one = resource(get=retrieve, post=update, delete=delete)
