"""Events come when they are due, and say what the script says."""

import asyncio

from streams.core.script import normalise
from tests.oracles import spoken
from tests.servers.clients import curl, listen
from tests.texts import NASTY

HARD = [
    *NASTY,
    *("\n\n\n", " ", "  indented", "data: x", ": comment", "id: 7", "event: done"),
    *("[DONE]", "\ufeff", "\x85\u2028\u2029\x0b\x0c", "<!--", "<!-- a comment -->"),
    *("lone \ud800 surrogate", "NUL \0 NUL", "CR \r CR"),
]


async def test_events_come_one_by_one_when_they_are_due(server, client, publish):
    """Ten events, 100 ms apart: never early, and late by little."""
    path = publish("0123456789", delay_ms=100)
    await listen(client, f"{server.url}{path}?delay_ms=0")  # compiles the script
    heard = await listen(client, server.url + path)
    assert [e.data for e in heard.events] == [*"0123456789", "[DONE]"]
    for number, at in enumerate(heard.chunk_times):
        due = number * 0.1
        assert at - heard.asked >= due - 0.005  # a stream begins after its request
        assert at - heard.answered <= due + 0.08


async def test_every_text_arrives_as_it_was_written(server, client, publish):
    """Grapheme clusters, line ends and SSE look-alikes; alone, and all in one."""
    texts = [*HARD, "".join(HARD), "|".join(reversed(HARD)), ""]
    paths = [publish(text, delay_ms=2) for text in texts]
    urls = [
        f"{server.url}{path}?unit={unit}"
        for path in paths
        for unit in ("grapheme", "fixed")
    ]
    all_heard = await asyncio.gather(*[listen(client, url) for url in urls])
    wanted = [normalise(text) for text in texts for _ in range(2)]
    assert [heard.text for heard in all_heard] == wanted
    assert {heard.outcome for heard in all_heard} == {"done"}


async def test_curl_shows_each_event_as_it_comes(server, publish):
    """`curl -N` writes ten times over some 900 ms, not once at the end."""
    path = publish("0123456789", delay_ms=100)
    body, times = await curl(server.url + path)
    assert spoken(body) == "0123456789"
    assert len(times) >= 6
    assert 0.7 <= times[-1] - times[0] <= 1.4


async def test_streams_do_not_drift(servers, client, publish, report):
    """300 events at 30 ms: 8.97 s from the first to the last, on both servers."""
    path = publish("x" * 300, delay_ms=30)
    all_heard = await asyncio.gather(
        *[listen(client, server.url + path) for server in servers.values()]
    )
    for kind, heard in zip(servers, all_heard, strict=True):
        times = heard.chunk_times
        drift = times[-1] - times[0] - 8.97
        report(f"drift after 300 events, {kind}", drift)
        assert len(times) == 300
        # Sleeping 30 ms at a time drifts by more than 100 ms.
        assert abs(drift) < 0.05
