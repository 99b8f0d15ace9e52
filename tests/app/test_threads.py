"""Requests for streams share a few threads, one at a time each."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.core.asgi import get_asgi_application
from django.db import connections, transaction
from django.utils import timezone, translation

from streams import threads
from streams.asgi import direct
from streams.playing import admission
from streams.threads import request_thread
from tests.app import lane_site
from tests.asgi_client import ask, open_exchange
from tests.oracles import spoken

pytestmark = pytest.mark.skipif(
    not threads._can_be_lent, reason="asgiref cannot be given a thread"
)
EVENTS = "/streams/hello/events"


@pytest.fixture(autouse=True)
def there_before():
    """Threads that other tests have left to the garbage collector."""
    there_before = {*threading.enumerate()}
    yield there_before
    gc.collect()


def pool():
    return threads._pool_here()


@asynccontextmanager
async def soon(seconds=5):
    """Fail what takes longer."""
    async with asyncio.timeout(seconds):
        yield


async def use(function=threading.get_ident, *, times=1):
    """Return what a request's synchronous parts return, one after another."""
    async with request_thread():
        return [await sync_to_async(function)() for _ in range(times)]


@pytest.fixture
def alive(there_before):
    """Return a function that counts the pool's threads once those that end have."""

    async def alive():
        async with soon():
            while True:
                found = {*threading.enumerate()} - there_before
                count = sum(t.name.startswith("streams-request") for t in found)
                if count <= len(pool()):
                    return count
                await asyncio.sleep(0.001)

    return alive


async def test_a_request_has_one_thread_and_the_next_gets_it():
    first, second = await use(times=3), await use(times=3)
    assert len({*first, *second}) == 1
    assert first[0] != threading.get_ident()


async def rush(number):
    """Ask for so many threads at the same time."""
    together = threading.Barrier(number)
    await asyncio.gather(*(use(lambda: together.wait(5)) for _ in range(number)))


async def idle_are(number):
    async with soon():
        while len(pool()) != number:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_rush_gets_threads_of_its_own_and_few_of_them_stay(alive):
    for _ in range(3):
        await rush(20)
        assert len(pool()) == await alive() == 20
    await idle_are(4)
    assert await alive() == threads.MOST_IDLE == 4


async def test_idle_threads_end(monkeypatch, alive):
    monkeypatch.setattr(threads, "RUSH_SECONDS", 0.005)
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.02)
    await rush(3)
    await idle_are(0)
    assert await alive() == 0
    assert not pool()._watching
    await use()
    await idle_are(0)
    assert await alive() == 0


async def test_a_request_that_wants_no_thread_makes_none(alive):
    async with request_thread():
        pass
    assert await alive() == 0


async def test_a_view_that_raises_gives_its_thread_back():
    def fail():
        raise LookupError(threading.get_ident())

    with pytest.raises(LookupError) as raised:
        await use(fail)
    assert await use() == [*raised.value.args]


async def test_a_thread_that_still_works_is_lent_to_nobody(alive):
    """Its client has left; what was asked for goes on, and the thread ends after it."""
    begun, leave, done = threading.Event(), threading.Event(), threading.Event()

    def work():
        begun.set()
        leave.wait(5)
        done.set()

    request = asyncio.ensure_future(use(work))
    await asyncio.to_thread(begun.wait, 5)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert len(pool()) == 0
    async with soon(4):
        await use()
    assert not done.is_set()
    leave.set()
    assert await alive() == 1
    assert done.is_set()


async def test_a_task_that_outlives_its_request_may_still_use_a_thread():
    """As under Django's own context; asgiref forbids it where an executor is given."""
    go_on = asyncio.Event()

    async def later():
        await go_on.wait()
        return await sync_to_async(threading.get_ident)()

    async with request_thread():
        of_request = await sync_to_async(threading.get_ident)()
        task = asyncio.ensure_future(later())
    go_on.set()
    assert await task not in (of_request, threading.get_ident())


async def test_a_thread_that_is_there_already_is_used():
    """So a test that runs a site in its own transaction sees what it wrote."""
    async with ThreadSensitiveContext():
        before = await sync_to_async(threading.get_ident)()
        assert await use() == [before]
    assert async_to_sync_in_a_thread() == [True]
    assert len(pool()) == 0


def async_to_sync_in_a_thread():
    def run():
        mine = threading.get_ident()
        found.append(async_to_sync(use)() == [mine])

    found = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(5)
    return found


async def test_without_a_way_to_lend_threads_asgiref_makes_its_own(monkeypatch):
    monkeypatch.setattr(threads, "_can_be_lent", False)
    async with request_thread(), ThreadSensitiveContext():
        assert await sync_to_async(threading.get_ident)() != threading.get_ident()
    assert len(pool()) == 0


def test_threads_end_with_their_event_loop(there_before):
    loop = asyncio.new_event_loop()
    loop.run_until_complete(use())
    [lent] = {*threading.enumerate()} - there_before
    loop.close()
    del loop
    gc.collect()
    lent.join(5)
    assert not lent.is_alive()


SCRIPT = """
import asyncio, os, sys, threading
import django
django.setup()
from asgiref.sync import sync_to_async
from streams import threads
from streams.threads import request_thread

threads.IDLE_SECONDS = 3600

async def use():
    async with request_thread():
        return await sync_to_async(threading.get_ident)()

async def main():
    await use()
    print(threading.active_count(), "threads")
    if sys.argv[1] == "abandon":
        sys.exit(7)

asyncio.run(main())
"""


@pytest.mark.parametrize(("way", "status"), [("end", 0), ("abandon", 7)])
def test_a_process_ends_at_once_whatever_is_idle(way, status):
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, way],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (process.returncode, process.stderr) == (status, "")
    assert process.stdout == "2 threads\n"


@pytest.fixture
def file_database(tmp_path, django_db_blocker):
    """Of its own: connections to the tests' database in memory are never closed."""
    settings = dict(connections["default"].settings_dict)
    connections.settings["other"] = settings | {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "other.sqlite3"),
        "CONN_MAX_AGE": 600,
    }
    with django_db_blocker.unblock():
        yield
    del connections.settings["other"]


def connect():
    with connections["other"].cursor() as cursor:
        cursor.execute("SELECT 1")
    return connections["other"]


def begin():
    transaction.atomic("other").__enter__()
    return connect()


def look():
    other = connections["other"]
    return other, other.connection, other.in_atomic_block


async def test_a_thread_that_is_given_back_has_no_connection(file_database):
    [connection] = await use(connect)
    assert connection.connection is not None
    [(again, raw, in_transaction)] = await use(look)
    assert again is connection
    assert (raw, in_transaction) == (None, False)


async def test_a_transaction_left_open_is_not_handed_on(file_database):
    [connection] = await use(begin)
    assert connection.in_atomic_block
    [(again, raw, in_transaction)] = await use(look)
    assert again is not connection
    assert (raw, in_transaction) == (None, False)


@pytest.fixture
def site(settings):
    """A site with middleware that notes in which thread and language it runs."""
    settings.ROOT_URLCONF = "tests.app.lane_site"
    settings.MIDDLEWARE = ["tests.app.lane_site.minding", *settings.MIDDLEWARE]
    lane_site.minded.clear()
    return direct(get_asgi_application())


@pytest.mark.django_db(transaction=True)
async def test_nothing_of_a_request_is_there_in_the_next(make_stream, site):
    """LocaleMiddleware sets a language and resets none; the other sets a time zone."""
    await sync_to_async(make_stream)("abc")
    before = translation.get_language(), timezone.get_current_timezone_name()
    for language in ("zh-hans", "de"):
        headers = {"accept-language": language}
        answer = await ask(site, EVENTS, headers=headers)
        assert spoken(answer.body) == "abc"
        assert answer.headers["content-language"] == language
    first, second = lane_site.minded
    assert first.thread == second.thread != threading.get_ident()
    assert (first.before, first.after) == (before, ("zh-hans", "Asia/Shanghai"))
    assert (second.before, second.after) == (before, ("de", "Asia/Shanghai"))
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


@pytest.mark.django_db(transaction=True)
async def test_the_thread_is_back_while_the_stream_plays(make_stream, site):
    await sync_to_async(make_stream)("abc", delay_ms=60_000)
    async with open_exchange(site, EVENTS) as exchange:
        await asyncio.wait_for(exchange.has(lambda body: b"data: a" in body), 5)
        assert len(pool()) == 1
        async with open_exchange(site, EVENTS) as other:
            await asyncio.wait_for(other.has(lambda body: b"data: a" in body), 5)
            assert len(pool()) == 1
    first, second = lane_site.minded
    assert first.thread == second.thread


@pytest.mark.django_db(transaction=True)
async def test_the_thread_is_back_when_the_client_leaves_before_the_answer(
    make_stream, site, alive
):
    await sync_to_async(make_stream)("abc", delay_ms=60_000)
    whole = {
        "path": "/v1/chat/completions",
        "method": "POST",
        "headers": {"content-type": "application/json"},
        "body": b'{"model": "hello", "messages": [{"role": "user", "content": "Hi"}]}',
    }
    async with open_exchange(site, **whole) as exchange:
        while not admission._playing:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        assert len(pool()) == 0
        exchange.leave()
        await asyncio.wait_for(exchange.task, 5)
    assert exchange.messages == []
    assert await alive() <= 1


@pytest.mark.django_db(transaction=True)
async def test_other_requests_of_the_site_are_left_alone(make_stream, site, alive):
    await sync_to_async(make_stream)("abc")
    for path in ("/streams/hello/plan", "/no/such/page", "/" + "x" * 3000):
        await ask(site, path)
    assert len(lane_site.minded) == 3
    assert await alive() == 0
    assert spoken((await ask(site, EVENTS)).body) == "abc"
    assert await alive() == 1
