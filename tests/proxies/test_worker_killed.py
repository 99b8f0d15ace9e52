"""`kill -9` of one of two workers behind nginx: no reader loses a character."""

import asyncio
import time

import pytest

from tests.proxies import content
from tests.proxies.clients import Played, play
from tests.proxies.nginx import serve_with_nginx
from tests.servers.clients import new_client

READERS = 100
TEXT = "Zwei 👩‍👩‍👧‍👦 und 今天天气 é, abcdefghij. " * 3
NEW = "Quite another text."


async def until(check, seconds=60):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("edited", [False, True])
async def test_all_readers_end_complete(
    mortal_workers, project, publish, report, record_property, edited
):
    slug = publish(TEXT, delay_ms=100, retry_ms=200)
    readers = [Played() for _ in range(READERS)]
    with serve_with_nginx([worker.url for worker in mortal_workers]) as nginx:
        url = f"{nginx.http}/streams/{slug}/events"
        async with new_client() as client:
            playing = asyncio.gather(*(play(client, url, one) for one in readers))
            await until(lambda: all(len(one.parts) >= 10 for one in readers))
            if edited:
                await asyncio.to_thread(
                    *(project.call, content.edit_all, slug, NEW),
                    **{"unit": "word", "chunk_size": 3, "delay_ms": 40},
                )
            assert not any(one.done for one in readers)
            killed = time.monotonic()
            mortal_workers[0].process.kill()
            await until(lambda: playing.done() or all(one.done for one in readers))
            await playing
            report("kill to the end of all", time.monotonic() - killed)
            later = Played()
            await play(client, f"{url}?delay_ms=0", later)
    cut = [one for one in readers if one.failures]
    record_property("streams cut", len(cut))
    print(f"\n    streams cut by the kill: {len(cut)} of {READERS}", end="")
    # nginx gives each worker about half of them.
    assert 20 <= len(cut) <= 80
    assert {one.text for one in readers} == {TEXT}
    assert {one.resets for one in readers} == {0}
    assert {one.connections for one in cut} == {2}
    assert {one.connections for one in readers if not one.failures} == {1}
    assert len(set.union(*(one.revisions for one in readers))) == 1
    assert later.text == (NEW if edited else TEXT)
