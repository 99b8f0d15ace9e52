"""The journal on real servers: complete after a clean stop, nearly so after any other."""

import asyncio
import os
import signal
import time
from contextlib import suppress

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect

from tests.processes import eventually, serve
from tests.servers import journal_rows
from tests.servers.clients import Heard, listen, new_client

ARGS = {"daphne": [], "uvicorn": ["--timeout-graceful-shutdown", "1"]}
"""Without its option uvicorn waits for open streams to end."""


@pytest.fixture
def ask(project):
    """Return a function that calls one of `journal_rows`."""

    def ask(function, *arguments, **options):
        return project.call(getattr(journal_rows, function), *arguments, **options)

    return ask


async def begin(client, url, count):
    """Begin to listen to streams; return what is heard, and the tasks that listen."""
    heard = [Heard(asked=time.monotonic()) for _ in range(count)]
    tasks = [asyncio.ensure_future(listen(client, url, heard=one)) for one in heard]
    while not all(one.events for one in heard):
        await asyncio.sleep(0.02)
        for task in tasks:
            if task.done():
                task.result()
    return heard, tasks


def ids(heard):
    return [one.run_id for one in heard]


async def test_a_run_is_recorded_with_what_its_client_heard(
    server, client, publish, ask
):
    path = publish("abcdefgh", delay_ms=20, seed=5)
    heard = await listen(
        client,
        f"{server.url}{path}?last_event_id=0-0",
        headers={"User-Agent": "tests/1"},
    )
    rest = await listen(
        client, server.url + path, headers={"Last-Event-ID": heard.events[4].id}
    )

    def recorded():
        found = {row["run_id"]: row for row in ask("rows", ids([heard, rest]))}
        assert len(found) == 2 and all(row["outcome"] for row in found.values())
        return found

    found = eventually(recorded)
    row = found[heard.run_id]
    expected = {
        "stream": path.split("/")[2],
        "revision": heard.headers["x-stream-revision"],
        "seed": 5,
        "format": "plain",
        "transport": "http",
        "client": "127.0.0.1",
        "agent": "tests/1",
        "body": "",
        "outcome": "completed",
        "steps": 8,
    }
    assert {name: row[name] for name in expected} == expected
    assert row["bytes"] > 8 * len("data: a\n\n")
    assert 0 <= row["first_byte_ms"] <= row["first_chunk_ms"] < 5000
    assert 0.1 < (row["ended"] - row["started"]).total_seconds() < 5
    assert found[rest.run_id]["position"] > 0


async def test_whole_answers_and_sockets_are_recorded_too(server, publish, ask):
    path = publish("Hello there", delay_ms=0)
    slug = path.split("/")[2]
    body = {"model": slug, "messages": [{"role": "user", "content": "Hi"}]}
    async with new_client() as client:
        answer = await client.post(f"{server.url}/v1/chat/completions", json=body)
    assert answer.status_code == 200
    url = server.url.replace("http", "ws") + f"/ws/streams/{slug}/"
    async with connect(url, origin=server.url, proxy=None) as ws:
        await ws.send('{"action": "start"}')
        while '"done"' not in await asyncio.wait_for(ws.recv(), 20):
            pass

    def recorded():
        rows = ask("rows_of", slug)
        assert {row["transport"] for row in rows} == {"whole", "websocket"}
        assert {row["outcome"] for row in rows} == {"completed"}
        assert all(row["bytes"] for row in rows)

    eventually(recorded)


async def test_credentials_and_bodies_never_reach_the_journal(
    server, client, publish, ask
):
    path = publish("Hello", delay_ms=0)
    secret = "sk-0123456789-secret"
    answer = await client.post(
        f"{server.url}{path}?key={secret}",
        json={"prompt": secret},
        headers={
            "Authorization": f"Bearer {secret}",
            "X-Api-Key": secret,
            "Cookie": f"sessionid={secret}",
        },
    )

    def recorded():
        found = ask("rows", [answer.headers["x-stream-run"]])
        assert found
        return found

    assert secret not in repr(eventually(recorded))


@pytest.mark.parametrize("drain", ["drained", "cut"])
@pytest.mark.parametrize("kind", ARGS)
async def test_a_clean_stop_loses_no_run(env, publish, ask, kind, lane, drain):
    short, long = publish("Hello", delay_ms=0), publish("x" * 600, delay_ms=100)
    env = env | {"TESTS_LANE": lane}
    env |= {"TESTS_DRAIN": "1"} if drain == "drained" else {}
    async with new_client() as client:
        with serve(kind, env=env, args=ARGS[kind]) as server:
            playing, tasks = await begin(client, server.url + long, 20)
            done, _ = await begin(client, server.url + short, 20)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(server.process.wait, 10)
    states = ask("states", ids(done + playing), later=True)
    assert {states.get(run_id) for run_id in ids(done)} == {"completed"}
    ends = {states.get(run_id) for run_id in ids(playing)}
    if drain == "drained":
        assert ends == {"ended by the server's stop"}
    else:
        assert ends <= {"ended by the server's stop", "cut"}


async def test_the_run_that_a_stopping_server_waits_for_is_recorded_to_its_end(
    env, publish, ask, lane
):
    """uvicorn ends its process by the signal itself as soon as the last one is over."""
    path = publish("x" * 30, delay_ms=50)
    async with new_client() as client:
        with serve("uvicorn", env=env | {"TESTS_LANE": lane}) as server:
            playing, tasks = await begin(client, server.url + path, 5)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.gather(*tasks)
            await asyncio.to_thread(server.process.wait, 10)
    assert {one.outcome for one in playing} == {"done"}
    states = ask("states", ids(playing), later=True)
    assert states == dict.fromkeys(ids(playing), "completed")


@pytest.mark.parametrize("kind", ARGS)
async def test_a_killed_server_takes_at_most_the_last_second_along(
    env, publish, ask, kind, lane
):
    short, long = publish("Hello", delay_ms=5), publish("x" * 600, delay_ms=100)
    ended = {}
    env = env | {"TESTS_LANE": lane}
    async with new_client() as client:
        with serve(kind, env=env, args=ARGS[kind]) as server:
            playing, tasks = await begin(client, server.url + long, 10)

            async def play_on():
                with suppress(httpx.TransportError):
                    while True:
                        heard = await listen(client, server.url + short)
                        ended[heard.run_id] = time.monotonic()

            tasks += [asyncio.ensure_future(play_on()) for _ in range(3)]
            await asyncio.sleep(4)  # What is to be measured, not waited for.
            server.process.kill()
            killed = time.monotonic()
            await asyncio.gather(*tasks, return_exceptions=True)
    sure = [run_id for run_id, at in ended.items() if at < killed - 1]
    assert len(sure) > 10
    states = ask("states", sure + ids(playing), later=True)
    assert [states.get(run_id) for run_id in sure] == ["completed"] * len(sure)
    assert [states.get(run_id) for run_id in ids(playing)] == ["lost"] * 10


async def test_what_plays_on_any_worker_is_visible_to_all(env, publish, ask):
    path = publish("x" * 600, delay_ms=100)
    async with new_client() as client:
        with serve("uvicorn", env=env, workers=2) as server:
            playing, tasks = await begin(client, server.url + path, 6)

            def all_play():
                found = ask("playing_on", ids(playing))
                assert sum(found.values()) == len(playing)
                return found

            # Whichever worker got them, the other gets the next.
            busy = list(eventually(all_play))
            for pid in busy:
                os.kill(pid, signal.SIGSTOP)
            try:
                if len(busy) == 1:
                    more = await begin(client, server.url + path, 6)
                    playing, tasks = playing + more[0], tasks + more[1]
            finally:
                for pid in busy:
                    os.kill(pid, signal.SIGCONT)
            found = eventually(all_play)
            assert len(found) == 2
            assert ask("workers", list(found)) == {
                pid: ("running", count) for pid, count in found.items()
            }
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

            def all_are_over():
                states = ask("states", ids(playing))
                assert states == dict.fromkeys(ids(playing), "cut")

            eventually(all_are_over)


async def test_a_database_that_fails_is_no_concern_of_a_stream(env, publish, ask):
    path = publish("x" * 40, delay_ms=50)
    async with new_client() as client:
        with serve("uvicorn", env=env) as server:
            ask("rename_table", "streams_run", "streams_away")
            try:
                heard = [await listen(client, server.url + path)]
                heard += await asyncio.gather(
                    *(listen(client, server.url + path) for _ in range(3))
                )
            finally:
                ask("rename_table", "streams_away", "streams_run")
            assert {one.text for one in heard} == {"x" * 40}

            def recorded():
                states = ask("states", ids(heard))
                assert states == dict.fromkeys(ids(heard), "completed")

            eventually(recorded, timeout=40)
            assert server.log().count("The journal cannot be written") == 1


async def test_a_process_that_played_keeps_neither_thread_nor_connection(
    env, publish, ask
):
    path = publish("Hello", delay_ms=0)
    async with new_client() as client:
        with serve("uvicorn", env=env) as server:

            def threads():
                url = f"{server.url}/-/vitals"
                return httpx.get(url, trust_env=False).json()["threads"]

            before = threads()
            await listen(client, server.url + path)

            def gone():
                assert threads() <= before + 1  # One of Django's own, for queries.
                files = psutil.Process(server.pid).open_files()
                assert not [one.path for one in files if "db.sqlite3" in one.path]

            eventually(gone)
