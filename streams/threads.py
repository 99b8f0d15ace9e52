"""Threads for the requests that set streams up, used again instead of made anew.

Django's receivers of signals and most middleware are synchronous, so a request under
ASGI needs a thread. asgiref makes one for each, and another to wait for its end: a
third of what it costs to set a stream up.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext
from django.db import connections

from streams.core.per_loop import PerLoop
from streams.http import release_connections

MOST_IDLE = 4
"""Threads that an event loop keeps for its next requests."""

IDLE_SECONDS = 2.0
"""How long it keeps them."""

RUSH_SECONDS = 0.25
"""How long it keeps those beyond that number: others of the same rush want them."""

# Since asgiref 3.13.
_can_be_lent = "executor" in inspect.signature(ThreadSensitiveContext).parameters

_P = ParamSpec("_P")
_T = TypeVar("_T")


def request_thread() -> AbstractAsyncContextManager[Any]:
    """Lend a thread to a request, for as long as this is open.

    It lends none where asgiref cannot be given one, or has one for this task already,
    such as that of a test and its transaction.
    """
    if (
        not _can_be_lent
        or SyncToAsync.thread_sensitive_context.get(None) is not None
        or getattr(AsyncToSync.executors, "current", None) is not None
    ):
        return nullcontext()
    return _Loan(_pool_here())


class _Thread(ThreadPoolExecutor):
    """One thread that knows whether it has something to do.

    At the end of the process, concurrent.futures ends those that are idle.
    """

    def __init__(self) -> None:
        super().__init__(1, "streams-request")
        self._unfinished: set[Future[Any]] = set()
        self.begun = False
        self.idle_since = 0.0

    @property
    def works(self) -> bool:
        """Whether it does, for a client that has left, say: that stops no thread."""
        return bool(self._unfinished)

    def submit(
        self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_T]:
        self.begun = True
        future = super().submit(fn, *args, **kwargs)
        self._unfinished.add(future)
        # The first callback: who waits for the future finds the thread free.
        future.add_done_callback(self._unfinished.discard)
        return future


class _Pool:
    """The idle threads of an event loop, those that are idle longest first."""

    def __init__(self) -> None:
        self._idle: deque[_Thread] = deque()
        self._watching = False

    def __len__(self) -> int:
        return len(self._idle)

    def take(self) -> _Thread:
        return self._idle.pop() if self._idle else _Thread()

    def give_back(self, thread: _Thread) -> None:
        if not thread.begun:
            return
        worked = thread.works
        # Whatever the thread is given next comes after this.
        thread.submit(_let_go)
        if worked:
            thread.shutdown(wait=False)
            return
        thread.idle_since = asyncio.get_running_loop().time()
        self._idle.append(thread)
        self._watch()

    def _watch(self) -> None:
        if self._idle and not self._watching:
            self._watching = True
            asyncio.get_running_loop().call_later(RUSH_SECONDS, self._end_some)

    def _end_some(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            most = RUSH_SECONDS if len(self._idle) > MOST_IDLE else IDLE_SECONDS
            if self._idle[0].idle_since + most > now:
                break
            self._idle.popleft().shutdown(wait=False)
        self._watching = False
        self._watch()


class _Loan(ThreadSensitiveContext):
    """What makes asgiref use a thread of the pool, which has it back at the end."""

    def __init__(self, pool: _Pool) -> None:
        self._pool, self._thread = pool, pool.take()
        super().__init__(executor=self._thread)

    async def __aexit__(
        self,
        exc: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(exc, value, tb)  # type: ignore[no-untyped-call]
        finally:
            # A task that middleware began, or that Django left when the server
            # cancelled it, may outlive the request. asgiref would refuse it a thread
            # now; under Django's own context it gets another, and so it does here.
            self._exited = False
            self._pool.give_back(self._thread)


def _let_go() -> None:
    """Leave this thread without a database connection, whatever CONN_MAX_AGE says.

    Django's close_old_connections would let each idle thread keep one for that long.
    Most requests have no use for it: most streams are set up without the database, and
    the others let go of it as soon as they are.

    Languages, time zones and the like need not be forgotten: they are context
    variables, and asgiref runs each call in a copy of its own request's.
    """
    # What it does leave here is the event loop, which then would never go, nor this.
    vars(SyncToAsync.threadlocal).clear()
    release_connections()
    for left in connections.all(initialized_only=True):
        if left.in_atomic_block:
            # Somebody began a transaction and never ended it.
            del connections[left.alias]


_pools = PerLoop(_Pool)


def _pool_here() -> _Pool:
    return _pools.here()
