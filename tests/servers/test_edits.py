"""What an editor saves is what the next stream says, in every process."""

import asyncio
from contextlib import aclosing

import httpx_sse
import pytest

from streams.preparing import lookup
from tests.processes import serve
from tests.servers import content
from tests.servers.clients import listen
from tests.servers.observation import ends, wait_for_end


@pytest.fixture(scope="module")
def crew(env):
    """Uvicorn with two workers."""
    with serve("uvicorn", env=env, workers=2) as server:
        yield server


async def play_in_both_workers(server, client, path):
    """Play a stream 30 times, and on until each worker has; return what was said."""
    texts, workers = set(), set()
    for played in range(0, 600, 10):
        if played >= 30 and len(workers) == 2:
            break
        requests = [listen(client, server.url + path) for _ in range(10)]
        for heard in await asyncio.gather(*requests):
            texts.add(heard.text)
            workers.add(wait_for_end(server, heard.run_id).pid)
    assert len(workers) == 2
    return texts


@pytest.mark.parametrize("change", [content.edit, content.overwrite])
async def test_an_edit_reaches_every_worker_within_a_moment(
    crew, client, project, publish, change
):
    """No worker is restarted, and none says the old text; a bulk update counts, too."""
    path = publish("the old text", delay_ms=1, unit="word")
    slug = path.split("/")[2]
    assert await play_in_both_workers(crew, client, path) == {"the old text"}
    project.call(change, slug, "quite another text")
    await asyncio.sleep(2 * lookup.FRESH)
    assert await play_in_both_workers(crew, client, path) == {"quite another text"}


async def test_a_running_stream_finishes_the_text_it_began(
    server, client, project, publish
):
    """An edit changes the next stream, not one that plays."""
    path = publish("abcdefghij", delay_ms=100)
    slug = path.split("/")[2]
    async with (
        client.stream("GET", server.url + path) as early,
        aclosing(httpx_sse.EventSource(early).aiter_sse()) as events,
    ):
        said = [(await anext(events)).data for _ in range(2)]
        project.call(content.edit, slug, "new")
        late = await listen(client, server.url + path)
        assert early.headers["x-stream-run"] not in ends(server)
        said += [event.data async for event in events]
    assert (said, late.text) == ([*"abcdefghij", "[DONE]"], "new")
    assert early.headers["x-stream-revision"] != late.headers["x-stream-revision"]
