"""Bringing a thread up to the present: what its run made is kept once it is over.

No worker has to be there when a run ends. Whoever asks for anything of its thread
settles it first, by the clock, under the thread's lock: it happens once.
"""

import time
from typing import Any

from django.db import transaction

from streams.api.assistants import store
from streams.api.assistants.base import Visit
from streams.api.assistants.plays import Play
from streams.api.assistants.store import MESSAGE, RUN, STEP, THREAD
from streams.formats.openai_assistants_outcome import Ended, Outcome
from streams.models.kept import Kept

ACTIVE = ("in_progress", "requires_action")
"""As runs are kept; those that are `queued` are said to be so, once, and play."""


def open_thread(visit: Visit, key: str) -> Kept:
    """Return a thread, up to date; raise Problem with status 404 for none."""
    thread = store.find(visit.workspace, THREAD, key)
    settle(thread)
    return thread


def settle(thread: Kept) -> None:
    """Keep what a run of the thread made, if it is over and nobody did so."""
    while (run := active_run(thread)) and _is_over(run):
        with transaction.atomic():
            store.lock(thread)
            # Another worker may have been here first.
            if (run := active_run(thread)) and _is_over(run):
                _end(thread, run)


def active_run(thread: Kept) -> Kept | None:
    """Return the run that holds the thread, the last one if any."""
    last: Kept | None = thread.children.filter(kind=RUN).order_by("-pk").first()
    return last if last and last.data["status"] in ACTIVE else None


def record(thread: Kept, play: Play, ended: Ended, usage: dict[str, int]) -> None:
    """Keep what a play made; `usage` is the play's own."""
    run = play.run
    for step in ended.steps:
        store.keep(run.workspace, STEP, step, parent=run)
    if ended.message:
        store.keep(thread.workspace, MESSAGE, ended.message, parent=thread)
    store.change(run, **ended.run)
    if run.data["status"] == "requires_action":
        play.wait_for_results(ended.text, usage)
    else:
        play.end()


def give_up(run: Kept, status: str, at: int) -> None:
    """End a run that waits for results: `cancelled`, or `expired`."""
    moment = {f"{status}_at": at}
    store.change(last_step(run), status=status, **moment)
    over: dict[str, Any] = {"status": status, "required_action": None}
    if status == "cancelled":
        over |= moment
    store.change(run, **over, expires_at=None)
    if play := Play.of(run):
        play.end()


def last_step(run: Kept) -> Kept:
    step: Kept = run.children.filter(kind=STEP).order_by("-pk")[0]
    return step


def _is_over(run: Kept) -> bool:
    if run.data["status"] == "requires_action":
        return time.time() >= int(run.data["expires_at"])
    play = Play.of(run)
    # None: another worker keeps what it made, just now.
    return play is None or play.left <= 0


def _end(thread: Kept, run: Kept) -> None:
    if run.data["status"] == "requires_action":
        give_up(run, "expired", int(run.data["expires_at"]))
        return
    play = Play.of(run)
    assert play, run.key
    prepared = play.prepared()
    if prepared is None:
        fail(play)
        return
    outcome = Outcome(prepared.context, prepared.plan.steps)
    record(thread, play, outcome.ended(), outcome.usage)


def fail(play: Play) -> None:
    """End a run that can be played no more."""
    error = {
        "code": "server_error",
        "message": "The script that this run began with cannot be played any more.",
    }
    store.change(
        play.run,
        status="failed",
        failed_at=int(time.time()),
        last_error=error,
        expires_at=None,
    )
    play.end()
