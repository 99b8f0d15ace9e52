"""A run's place among those that play, and its entry in the journal."""

import time
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from streams import journal, quiet_gc
from streams.admission import Ticket
from streams.conf import conf
from streams.core.encoding import header_text
from streams.exceptions import Injected
from streams.formats.base import Format
from streams.preparation import Prepared, about
from streams.signals import called

LONGEST_AGENT = 200


class Recording:
    """Begins and ends with a run."""

    __slots__ = ("entry", "ticket")

    def __init__(self, ticket: Ticket, entry: journal.Entry) -> None:
        self.ticket = ticket
        self.entry = entry

    def begin(self) -> None:
        self.ticket.begin()
        quiet_gc.begin()
        journal.begin(self.entry)

    def end(self) -> None:
        self.ticket.release()
        quiet_gc.end()
        self.entry.ended = time.time()
        journal.end(self.entry)


def new_entry(
    prepared: Prepared,
    wire_format: Format,
    *,
    transport: str,
    client: str,
    agent: str = "",
    body: str = "",
) -> journal.Entry:
    """Return what the journal is to know of a run, and tell of it."""
    entry = journal.Entry(
        **about(prepared),
        format=wire_format.name,
        transport=transport,
        client=client,
        agent=agent[:LONGEST_AGENT],
        body=body,
    )
    call = prepared.context.call
    called.send(type(entry), entry=entry, call=call, planned=len(prepared.plan.steps))
    return entry


def record_refusal(
    problem: Injected,
    wire_format: Format,
    *,
    transport: str,
    client: str,
    agent: str = "",
    body: str = "",
) -> None:
    """Note a run that was answered with an error on purpose."""
    entry = journal.Entry(
        **problem.run,
        format=wire_format.name,
        transport=transport,
        client=client,
        agent=agent[:LONGEST_AGENT],
        body=body,
    )
    called.send(type(entry), entry=entry, call=problem.call, planned=0)
    journal.begin(entry)
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
