"""A run's place among those that play, and its entry in the journal."""

import time

from django.http import HttpRequest

from streams import journal, quiet_gc
from streams.admission import Ticket
from streams.conf import conf
from streams.formats.base import Format
from streams.preparation import Prepared

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
    """Return what the journal is to know of a run."""
    context = prepared.context
    return journal.Entry(
        run_id=context.run_id,
        stream=context.slug,
        script=prepared.stream.script.slug,
        revision=context.revision,
        seed=context.seed,
        format=wire_format.name,
        transport=transport,
        client=client,
        agent=agent[:LONGEST_AGENT],
        body=body,
        position=prepared.position,
        started=time.time(),
    )


def body_to_keep(request: HttpRequest) -> str:
    """Return as much of a request's body as the site wants to keep."""
    most = conf.journal_bodies
    # What the view did not read, such as a form with files, is left alone.
    body: bytes = getattr(request, "_body", b"") if most else b""
    return body[: 4 * most].decode("utf-8", "replace")[:most]
