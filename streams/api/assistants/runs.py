"""Runs: an assistant answers a thread."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.http import HttpResponse

from streams.api.assistants import messages, plays, reading, settling, store, threads
from streams.api.assistants.base import Visit, resource
from streams.api.assistants.plays import Play
from streams.api.assistants.run_settings import read_settings
from streams.api.assistants.store import RUN
from streams.api.base import json_response
from streams.exceptions import Problem
from streams.formats.call import Call, Message
from streams.formats.conversation import last_user_message
from streams.formats.openai_assistants_run import new_run, queued
from streams.formats.overrides import with_overrides
from streams.models.kept import Kept
from streams.playing.admission import admit
from streams.preparing.preparation import Prepared, prepare
from streams.serving.access import find_model

SLOWEST_POLL = 1000
FASTEST_POLL = 50
"""Milliseconds."""


def create(visit: Visit, thread: str) -> Any:
    row = settling.open_thread(visit, thread)
    refuse_second(row)
    settings = read_settings(visit)
    added = [messages.read(m) for m in visit.fields.objects("additional_messages")]
    said = messages.conversation(row) + tuple(map(messages.as_spoken, added))
    prepared = _prepare(visit, settings, said)

    def keep() -> dict[str, Any]:
        store.lock(row)
        refuse_second(row)
        for message in added:
            messages.keep(row, message)
        return {"run": _keep(row, prepared, settings)}

    return start(visit, prepared, keep)


def create_with_thread(visit: Visit) -> Any:
    settings = read_settings(visit)
    given = visit.fields.record("thread")
    thread = threads.read(given)
    if "tool_resources" in visit.fields:
        thread["tool_resources"] |= reading.tool_resources(visit.fields)
    added = [messages.read(one) for one in given.objects("messages")]
    prepared = _prepare(visit, settings, tuple(map(messages.as_spoken, added)))

    def keep() -> dict[str, Any]:
        row = threads.keep(visit, thread, added)
        return {"run": _keep(row, prepared, settings), "thread": row.data}

    return start(visit, prepared, keep)


def start(
    visit: Visit, prepared: Prepared, keep: Callable[[], dict[str, Any]]
) -> Prepared | dict[str, Any]:
    """Play to the caller, or let it run for those who look later.

    `keep` returns what the writer wants to know, the run at least. All that may be
    refused is refused before it is called.
    """
    streams = visit.fields.flag("stream")
    ticket = admit(prepared.stream, visit.request.META.get("REMOTE_ADDR", ""))
    try:
        with transaction.atomic():
            options = keep()
    except BaseException:
        ticket.release()
        raise
    context = prepared.context
    if not streams:
        # Nobody plays it: no place is taken.
        ticket.release()
        run: dict[str, Any] = options["run"]
        return {**run, "status": "queued"} if "answered" in options else queued(run)
    call = replace(context.call, options=options)
    return replace(prepared, context=replace(context, call=call), ticket=ticket)


def refuse_second(thread: Kept) -> None:
    """Raise Problem while the thread has a run that is not over."""
    if run := settling.active_run(thread):
        raise Problem(
            status=400,
            code="run_active",
            message=(
                f"Thread {thread.key} already has an active run {run.key}: wait for its"
                " end, or cancel it."
            ),
        )


def find(visit: Visit, thread: str, run: str) -> tuple[Kept, Kept]:
    """Return a thread and a run of it, up to date."""
    row = settling.open_thread(visit, thread)
    return row, store.find(visit.workspace, RUN, run, parent=row)


def list_(visit: Visit, thread: str) -> dict[str, Any]:
    row = settling.open_thread(visit, thread)
    return store.listed(row.children.filter(kind=RUN), visit.incoming)


def retrieve(visit: Visit, thread: str, run: str) -> HttpResponse:
    _, row = find(visit, thread, run)
    response = json_response(row.data)
    if row.data["status"] == "in_progress":
        play = Play.of(row)
        left = int(play.left * 1000) if play else 0
        pace = max(FASTEST_POLL, min(SLOWEST_POLL, left))
        response["openai-poll-after-ms"] = str(pace)
    return response


def update(visit: Visit, thread: str, run: str) -> dict[str, Any]:
    parent, row = find(visit, thread, run)
    given = reading.metadata(visit.fields)
    if "metadata" in visit.fields:
        with transaction.atomic():
            store.lock(parent)
            row.refresh_from_db()
            store.change(row, metadata=given)
    return dict(row.data)


def _prepare(
    visit: Visit, settings: dict[str, Any], said: tuple[Message, ...]
) -> Prepared:
    call = Call(
        model=settings["model"],
        messages=said,
        prompt=last_user_message(said),
        system=settings["instructions"],
        max_tokens=settings["max_completion_tokens"],
        round=0,
        params=dict(visit.fields),
    )
    call = with_overrides(call, visit.incoming)
    return prepare(find_model(call.model, visit.asker), call, counts_tokens=True)


def _keep(thread: Kept, prepared: Prepared, settings: dict[str, Any]) -> dict[str, Any]:
    run = new_run(prepared.context, thread_id=thread.key, **settings)
    row = store.keep(thread.workspace, RUN, run, parent=thread)
    plays.begin(row, prepared)
    return dict(row.data)


collection = resource(get=list_, post=create)
with_thread = resource(post=create_with_thread)
one = resource(get=retrieve, post=update)
