"""A run's place among those that play, and its entry in the journal."""

import time
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from streams import journal, quiet_gc, switching
from streams.conf import conf
from streams.core.encoding import header_text
from streams.exceptions import Injected
from streams.formats.base import Format
from streams.formats.call import Call
from streams.playing.admission import Ticket
from streams.preparing.preparation import Prepared, about
from streams.signals import called

LONGEST_AGENT = 200


class Place:
    """A run's place among those that play; begins and ends with it."""

    __slots__ = ("ticket",)

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket

    def begin(self) -> None:
        self.ticket.begin()
        quiet_gc.begin()
        switching.begin()

    def end(self) -> None:
        self.ticket.release()
        quiet_gc.end()
        switching.end()


class Recording(Place):
    """A place, and the entry of the run that has it."""

    __slots__ = ("entry",)

    def __init__(self, ticket: Ticket, entry: journal.Entry) -> None:
        super().__init__(ticket)
        self.entry = entry

    def begin(self) -> None:
        super().begin()
        journal.begin(self.entry)

    def end(self) -> None:
        super().end()
        _end(self.entry)


def new_entry(prepared: Prepared, wire_format: Format, **asked: Any) -> journal.Entry:
    """Return what the journal is to know of a run, and tell of it.

    `asked` is how, and what `asked_by` returns.
    """
    call, planned = prepared.context.call, len(prepared.plan.steps)
    return _entry(about(prepared), wire_format, call, planned, **asked)


def record_refusal(problem: Injected, wire_format: Format, **asked: Any) -> None:
    """Note a run that was answered with an error on purpose; see `new_entry`."""
    entry = _entry(problem.run, wire_format, problem.call, 0, **asked)
    journal.begin(entry)
    _end(entry)


def _entry(
    run: Mapping[str, Any],
    wire_format: Format,
    call: Call,
    planned: int,
    *,
    transport: str,
    client: str,
    agent: str = "",
    body: str = "",
) -> journal.Entry:
    entry = journal.Entry(
        **run,
        format=wire_format.name,
        transport=transport,
        client=client,
        agent=agent[:LONGEST_AGENT],
        body=body,
    )
    called.send(type(entry), entry=entry, call=call, planned=planned)
    return entry


def _end(entry: journal.Entry) -> None:
    entry.ended = time.time()
    journal.end(entry)


def run_headers(about: Mapping[str, Any], fault: str) -> dict[str, str]:
    """Return what an answer says of its run, and of what is injected there."""
    headers = {
        "X-Stream-Run": about["run_id"],
        "X-Stream-Script": about["script"],
        "X-Stream-Rule": header_text(about["rule"]),
        "X-Stream-Revision": about["revision"],
        "X-Stream-Seed": str(about["seed"]),
    }
    if fault:
        headers["X-Stream-Fault"] = header_text(fault)
    return headers


def asked_by(request: HttpRequest) -> dict[str, str]:
    """Return what the journal is to know of a request."""
    return {
        "client": request.META.get("REMOTE_ADDR", ""),
        "agent": request.META.get("HTTP_USER_AGENT", ""),
        "body": _body_to_keep(request),
    }


def _body_to_keep(request: HttpRequest) -> str:
    """Return as much of a request's body as the site wants to keep."""
    most = conf.journal_bodies
    # What the view did not read, such as a form with files, is left alone.
    body: bytes = getattr(request, "_body", b"") if most else b""
    return body[: 4 * most].decode("utf-8", "replace")[:most]
