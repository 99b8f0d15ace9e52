"""The steps of a run: the message it made, the tools it called."""

from typing import Any

from streams.api.assistants import runs, store
from streams.api.assistants.base import Visit, resource
from streams.api.assistants.store import STEP


def list_(visit: Visit, thread: str, run: str) -> dict[str, Any]:
    _, row = runs.find(visit, thread, run)
    return store.listed(row.children.filter(kind=STEP), visit.incoming)


def retrieve(visit: Visit, thread: str, run: str, step: str) -> dict[str, Any]:
    _, row = runs.find(visit, thread, run)
    return dict(store.find(visit.workspace, STEP, step, parent=row).data)


collection = resource(get=list_)
one = resource(get=retrieve)
