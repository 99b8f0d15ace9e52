"""The journal's side of the database. For one thread, the writer's."""

import os
import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connections, reset_queries, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import OnConflict

from streams.journal.entry import Entry
from streams.models.run import MOST_PRUNED, Run, Worker

COLUMNS = (
    *("worker", "number", "run_id", "stream", "script", "revision", "rule", "session"),
    *("fault", "seed", "format", "transport", "client", "agent", "body", "position"),
    *("started", "first_byte_ms", "first_chunk_ms", "ended", "outcome", "steps"),
    *("bytes", "lateness_ms"),
)

CHANGING = (
    *("fault", "first_byte_ms", "first_chunk_ms", "ended", "outcome", "steps"),
    *("bytes", "lateness_ms"),
)
"""What a run's row learns after it was made. No index but one has any of it."""

_BY_NAME = {field.name: field for field in Run._meta.concrete_fields}
_FIELDS = [_BY_NAME[name] for name in COLUMNS]
_LENGTHS = {name: field.max_length for name, field in _BY_NAME.items()}

_MOST = 2**31 - 1
"""What a PositiveIntegerField holds on any database."""


class Rows:
    """This process's runs, and its own row among the workers."""

    def __init__(self) -> None:
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._started = time.time()
        self._key: int | None = None

    @property
    def _connection(self) -> Any:
        return connections[router.db_for_write(Run)]

    def tell(self, *, playing: int, dropped: int, stopped: float | None) -> None:
        """Give a sign of life."""
        values = {
            "last_seen": _moment(time.time()),
            "stopped": _moment(stopped),
            "playing": playing,
            "dropped": dropped,
        }
        workers = Worker.objects.using(self._connection.alias)
        if self._key and workers.filter(pk=self._key).update(**values):
            return
        about = {
            "host": self._host[:80],
            "pid": self._pid,
            "started": _moment(self._started),
        }
        name = f"{self._host[:80]}:{self._pid}:{self._started:.3f}"
        row, _ = workers.update_or_create(name=name, defaults=about | values)
        self._key = row.pk

    def write(self, entries: Sequence[Entry]) -> None:
        """Make the entries' rows, or bring them up to date; all or none."""
        reset_queries()  # Of which nobody else would think, while DEBUG is on.
        connection = self._connection
        rows = [self._row(entry, connection) for entry in entries]
        # One statement, prepared once: a quarter of what bulk_create() costs, and
        # SQLite works without holding up the threads that play.
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.executemany(_upsert(connection), rows)

    def prune(self) -> bool:
        """Delete some of what is kept no longer; tell whether there may be more."""
        alias = self._connection.alias
        more: bool = Run.objects.using(alias).prune() == MOST_PRUNED
        if not more:
            Worker.objects.using(alias).prune()
        return more

    def release(self) -> None:
        """Let go of the database, whatever CONN_MAX_AGE says."""
        for connection in connections.all(initialized_only=True):
            # Django's own for SQLite leaves databases in memory open.
            BaseDatabaseWrapper.close(connection)

    def _row(self, entry: Entry, connection: Any) -> tuple[Any, ...]:
        adapt = connection.ops.adapt_datetimefield_value
        return (
            self._key,
            entry.number,
            _text(entry.run_id, "run_id"),
            _text(entry.stream, "stream"),
            _text(entry.script, "script"),
            _text(entry.revision, "revision"),
            _text(entry.rule, "rule"),
            _text(entry.session, "session"),
            _text("; ".join(entry.faults), "fault"),
            entry.seed,
            _text(entry.format, "format"),
            _text(entry.transport, "transport"),
            _text(entry.client, "client"),
            _text(entry.agent, "agent"),
            _text(entry.body, "body"),
            min(entry.position, _MOST),
            adapt(_moment(entry.started)),
            _known(entry.first_byte),
            _known(entry.first_chunk),
            adapt(_moment(entry.ended)),
            _text(entry.outcome, "outcome"),
            min(entry.steps, _MOST),
            entry.bytes,
            _milliseconds(entry.lateness),
        )


def _upsert(connection: Any) -> str:
    """Return the statement that makes one row, or changes it where it is."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in _FIELDS)
    values = ", ".join(["%s"] * len(_FIELDS))
    on_conflict = connection.ops.on_conflict_suffix_sql(
        _FIELDS, OnConflict.UPDATE, CHANGING, ("worker_id", "number")
    )
    table = quote(Run._meta.db_table)
    return f"INSERT INTO {table} ({names}) VALUES ({values}) {on_conflict}"


def _text(value: str, name: str) -> str:
    """Return what fits into a column of any database: no NUL, no half a surrogate."""
    value = value[: _LENGTHS[name]]
    if value.isprintable():
        return value
    return (
        value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        .encode("utf-8", "replace")
        .decode()
    )


def _known(seconds: float | None) -> int | None:
    return None if seconds is None else _milliseconds(seconds)


def _milliseconds(seconds: float) -> int:
    return min(max(round(seconds * 1000), 0), _MOST)


def _moment(at: float | None) -> datetime | None:
    """Return seconds of the epoch as the site's models want them."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC if settings.USE_TZ else None)
