"""Requests for streams share a few threads, one at a time each."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async

from streams import threads
from streams.threads import request_thread

pytestmark = pytest.mark.skipif(
    not threads._can_be_given, reason="asgiref gives no executors to contexts"
)


@pytest.fixture(autouse=True)
def no_threads(monkeypatch):
    monkeypatch.setattr(threads, "_idle", idle := [])
    yield idle
    for executor in idle:
        executor.shutdown()


async def ask(*, times=3):
    """Return the threads in which a request's synchronous parts run."""
    async with request_thread():
        return {await sync_to_async(threading.get_ident)() for _ in range(times)}


async def test_a_request_has_one_thread_and_the_next_gets_it():
    [first], [second] = await ask(), await ask()
    assert first == second != threading.get_ident()


async def test_requests_at_the_same_time_have_threads_of_their_own(no_threads):
    gate = threading.Barrier(3)

    async def meet():
        async with request_thread():
            await sync_to_async(gate.wait)(5)

    await asyncio.gather(*(meet() for _ in range(3)))
    assert len(no_threads) == 3


async def test_a_thread_that_still_works_is_given_to_nobody(no_threads):
    """Its client has left; what it asked for goes on."""
    begun, leave = threading.Event(), threading.Event()

    async def work():
        async with request_thread():
            await sync_to_async(lambda: (begun.set(), leave.wait(5)))()

    request = asyncio.ensure_future(work())
    await asyncio.to_thread(begun.wait, 5)
    request.cancel()
    await asyncio.wait((request,), timeout=0.1)
    assert no_threads == []
    leave.set()
    await asyncio.wait((request,))
    executor = None
    while executor is None:
        await asyncio.sleep(0.001)
        executor = no_threads[0] if no_threads else None
    assert executor.submit(lambda: 1).result(5) == 1


async def test_only_so_many_are_kept(no_threads, monkeypatch):
    monkeypatch.setattr(threads, "MOST_IDLE", 1)
    await asyncio.gather(ask(), ask(), ask())
    assert len(no_threads) == 1
