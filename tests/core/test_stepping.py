"""A coroutine that is begun without a task and finished in one never knows."""

import asyncio
from contextvars import ContextVar

import pytest

from streams.core.stepping import finish


def begin(coroutine):
    """Step a coroutine that is known to wait; return what it waits for."""
    return coroutine.send(None)


async def in_a_task(coroutine):
    return await asyncio.create_task(finish(coroutine, begin(coroutine)))


async def test_it_returns_what_the_coroutine_returns():
    async def add(future):
        first = await future
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        return first + await asyncio.to_thread(lambda: 2)

    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, 40)
    assert await in_a_task(add(future)) == 42


async def test_it_raises_what_the_coroutine_raises():
    async def fail():
        await asyncio.sleep(0)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await in_a_task(fail())


async def test_the_coroutine_gets_the_errors_of_what_it_waits_for():
    async def wait(future):
        try:
            await future
        except LookupError as error:
            await asyncio.sleep(0)
            return f"caught {error}"

    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_exception, LookupError("it"))
    assert await in_a_task(wait(future)) == "caught it"


@pytest.mark.parametrize("steps", [0, 1, 3])
async def test_it_is_cancelled_wherever_it_waits(steps):
    """And cleans up, waiting if it has to."""
    cleaned = []

    async def wait():
        try:
            for _ in range(steps):
                await asyncio.sleep(0)
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned.append("up")

    coroutine = wait()
    task = asyncio.create_task(finish(coroutine, begin(coroutine)))
    for _ in range(steps + 1):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == ["up"]


async def test_it_may_swallow_its_cancellation():
    async def stay():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "stayed"

    coroutine = stay()
    task = asyncio.create_task(finish(coroutine, begin(coroutine)))
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "stayed"


async def test_a_future_that_is_done_meanwhile_is_not_waited_for():
    """Between the first step and the task, other things happen."""
    future = asyncio.get_running_loop().create_future()

    async def wait():
        return await future

    coroutine = wait()
    waits_for = begin(coroutine)
    future.set_result("early")
    assert await asyncio.wait_for(finish(coroutine, waits_for), 5) == "early"


async def test_a_lock_is_handed_on():
    """What asyncio's own primitives keep account of is right afterwards."""
    lock = asyncio.Lock()

    async def hold():
        async with lock:
            await asyncio.sleep(0)

    await lock.acquire()
    coroutine = hold()
    waits_for = begin(coroutine)
    lock.release()
    await asyncio.gather(finish(coroutine, waits_for), hold(), hold())
    assert not lock.locked()


name = ContextVar("name", default="")


async def test_context_goes_on_where_the_task_is_given_it():
    seen = []

    async def look():
        seen.append(name.get())
        await asyncio.sleep(0)
        seen.append(name.get())
        name.set("changed")

    from contextvars import copy_context

    context = copy_context()
    context.run(name.set, "inside")
    coroutine = look()
    waits_for = context.run(begin, coroutine)
    await asyncio.create_task(finish(coroutine, waits_for), context=context)
    assert seen == ["inside", "inside"]
    assert (context[name], name.get()) == ("changed", "")
