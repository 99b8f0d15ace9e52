"""Coroutines that are begun without a task, in the hope that they need none.

try:
    waits_for = coroutine.send(None)
except StopIteration as done:
    return done.value
task = asyncio.create_task(finish(coroutine, waits_for))
"""

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


async def finish(begun: Coroutine[Any, Any, Result], waits_for: object) -> Result:
    """Go on with a coroutine whose first step has come to wait for something."""
    return await _Rest(begun, waits_for)


class _Rest(Generic[Result]):
    def __init__(self, begun: Coroutine[Any, Any, Result], waits_for: object) -> None:
        self._begun = begun
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Result]:
        # What `yield from` does (PEP 380), from the second step on.
        waits_for = self._waits_for
        while True:
            thrown: BaseException | None = None
            try:
                sent = yield waits_for
            except BaseException as error:
                thrown = error
            try:
                if thrown is None:
                    waits_for = self._begun.send(sent)
                else:
                    waits_for = self._begun.throw(thrown)
            except StopIteration as done:
                result: Result = done.value
                return result
