"""Threads for the requests that set streams up, used again instead of made anew.

Django's own receivers and most middleware are synchronous, so asgiref gives a thread to
each request, and another to end it: a third of what such a request costs.
"""

import inspect
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import ThreadSensitiveContext

MOST_IDLE = 32
"""Threads kept for the next requests."""

# Since asgiref 3.13.
_can_be_given = "executor" in inspect.signature(ThreadSensitiveContext).parameters

_idle: list[ThreadPoolExecutor] = []


@asynccontextmanager
async def request_thread() -> AsyncIterator[None]:
    """Give a request a thread of its own, for as long as this is open."""
    if not _can_be_given:
        yield
        return
    executor = _idle.pop() if _idle else ThreadPoolExecutor(1, "streams-request")
    given: Any = ThreadSensitiveContext
    try:
        async with given(executor=executor):
            yield
    except BaseException:
        # Something may run there still: what comes after it says that it is free.
        executor.submit(_give_back, executor)
        raise
    _give_back(executor)


def _give_back(executor: ThreadPoolExecutor) -> None:
    if len(_idle) < MOST_IDLE:
        _idle.append(executor)
    else:
        executor.shutdown(wait=False)
