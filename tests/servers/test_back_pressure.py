"""A client that does not read is its own problem."""

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
