"""Cancelling a run: at once in the database, and in the streams of this process.

A stream that another process plays goes on to the end of its plan: its client did not
hear of it from there.
"""

import time
from typing import Any

from asgiref.sync import async_to_sync
from django.db import transaction

from streams.api.assistants import runs, settling, store
from streams.api.assistants.base import Visit, resource
from streams.api.assistants.plays import Play
from streams.control import end_runs, halt_runs
from streams.exceptions import Problem
from streams.formats.openai_assistants_outcome import Outcome
from streams.models.kept import Kept


def cancel(visit: Visit, thread: str, run: str) -> dict[str, Any]:
    parent, row = runs.find(visit, thread, run)
    at = int(time.time())
    halted = ""
    try:
        with transaction.atomic():
            store.lock(parent)
            row.refresh_from_db()
            if row.data["status"] == "requires_action":
                settling.give_up(row, "cancelled", at)
            elif row.data["status"] == "in_progress":
                play = Play.of(row)
                assert play, row.key
                halted = play.pin.run_id
                _cut(parent, play, at)
            else:
                raise Problem(
                    status=400,
                    code="run_not_active",
                    message=f"Cannot cancel run with status '{row.data['status']}'.",
                )
    finally:
        # Only now may a client hear of the end: what it asks for next is kept.
        if halted:
            async_to_sync(end_runs)(halted, at)
    # As it is said at OpenAI, where it takes a while.
    return {**row.data, "status": "cancelling", "cancelled_at": None}


def _cut(thread: Kept, play: Play, at: int) -> None:
    """Keep what was said so far."""
    prepared = play.prepared()
    if prepared is None:
        settling.fail(play)
        return
    position = async_to_sync(halt_runs)(play.pin.run_id)
    if position is None:
        said = prepared.plan.until(play.elapsed).steps
    else:
        said = prepared.plan.steps.before(position)
    outcome = Outcome(prepared.context, said)
    settling.record(thread, play, outcome.ended(cancelled_at=at), outcome.usage)


view = resource(post=cancel)
