"""The questions of a look-up, to be asked again for a tenth of what it costs.

Most of a query's price is Django's: to write the SQL, and to make objects of the rows.
Whether anything has changed, the same SQL tells by the same rows.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connections

Answers = list[list[Any]]


class Questions:
    """What was asked of which database, in order."""

    def __init__(self) -> None:
        self._asked: list[tuple[str, str, Any]] = []

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Note what this thread asks meanwhile."""

        def note(
            execute: Callable[..., Any],
            sql: str,
            params: Any,
            many: bool,
            context: dict[str, Any],
        ) -> Any:
            self._asked.append((context["connection"].alias, sql, params))
            return execute(sql, params, many, context)

        with ExitStack() as stack:
            for connection in connections.all():
                stack.enter_context(connection.execute_wrapper(note))
            yield

    def ask_again(self) -> Answers:
        """Return the rows of each, as the database has them now."""
        answers = []
        for alias, sql, params in self._asked:
            with connections[alias].cursor() as cursor:
                cursor.execute(sql, params)
                answers.append(cursor.fetchall())
        return answers
