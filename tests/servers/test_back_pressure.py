"""A client that does not read is its own problem."""

import asyncio

import psutil

from tests.servers import content
from tests.servers.clients import RawClient, listen
from tests.servers.observation import ends, wait_for_end


async def test_a_client_that_does_not_read_delays_nobody(
    server, kind, client, publish, report
):
    """Over five megabytes at once for one; each 50 ms an event for another.

    Uvicorn stops sending until the client reads or leaves, which must end the run
    where it waits. Daphne knows no back-pressure and keeps the rest in memory.
    """
    flood = publish("🌊" * 1_000_000, delay_ms=0, unit="fixed", chunk_size=20)
    steady = publish("x" * 40, delay_ms=50)
    with RawClient(server.url, receive_buffer=4096) as idle:
        run_id = idle.start_run(flood)
        heard = await listen(client, server.url + steady)
        times = enumerate(heard.chunk_times)
        late = max(at - heard.answered - number * 0.05 for number, at in times)
        report(f"latest event beside a flood, {kind}", late)
        assert (heard.text, heard.outcome) == ("x" * 40, "done")
        assert late < 0.25
        if kind == "uvicorn":
            assert run_id not in ends(server)
        left = idle.leave()
    end = wait_for_end(server, run_id)
    if kind == "uvicorn":
        assert end.outcome == "cut"
        assert end.at - left < 0.25
    else:
        assert end.outcome == "completed"


MEGABYTE = 1_000_000


async def test_an_unread_script_of_50_megabytes_stays_on_the_server_once(
    servers, kind, client, project, publish, report
):
    """Uvicorn stops for the reader; Daphne keeps what it is sent, up to MAX_BYTES.

    Fifty other streams, meanwhile, are as punctual as without it.
    """
    server = servers[kind, "direct"]  # what is kept is the same on both lanes
    flood = publish("x" * 50 * MEGABYTE, delay_ms=200, unit="fixed", chunk_size=4096)
    steady = publish("x" * 20, delay_ms=50)
    process = psutil.Process(server.pid)

    async def worst_of_fifty():
        heard = await asyncio.gather(
            *(listen(client, server.url + steady) for _ in range(50))
        )
        assert all(one.text == "x" * 20 for one in heard)
        late = [
            at - one.answered - number * 0.05
            for one in heard
            for number, at in enumerate(one.chunk_times)
        ]
        return sorted(late)[len(late) * 99 // 100]

    async def median_of_three():
        return sorted([await worst_of_fifty() for _ in range(3)])[1]

    await worst_of_fifty()  # What is done once per process is done.
    before = await median_of_three()
    # Another viewer of the same script, who is still at its first chunk.
    with RawClient(server.url) as first:
        first.start_run(flood)
        first.read_until(b"\n\n")
        size = process.memory_info().rss
        with RawClient(server.url, receive_buffer=4096) as idle:
            run_id = idle.start_run(f"{flood}?delay_ms=0")
            beside = await median_of_three()
            grown = process.memory_info().rss - size
            idle.leave()
        wait_for_end(server, run_id)
    # The page that lists streams would read it for every other test.
    project.call(content.withdraw, flood.split("/")[2])
    report(f"99 % of events beside 50 MB unread are late by at most, {kind}", beside)
    report(f"… and without it, {kind}", before)
    print(f"\n    growth with 50 MB unread, {kind}: {grown / MEGABYTE:.1f} MB", end="")
    # What is told apart: the script once more, or not.
    assert grown < (20 if kind == "uvicorn" else 110) * MEGABYTE
    assert beside < before + 0.2
