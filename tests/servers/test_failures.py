"""An error in the middle of a stream ends that stream, and nothing else."""

from tests.servers.clients import RawClient, listen
from tests.servers.observation import settle, vitals, wait_for_end


async def test_a_format_that_fails_ends_its_stream_and_nothing_else(
    server, client, publish
):
    """An error event and a clean end. Daphne goes on clearing up after others, which
    it would not, had the exception reached it."""
    path = publish("abcdefgh", delay_ms=20)
    before = vitals(server)

    # A response cut short would raise httpx.RemoteProtocolError here.
    heard = await listen(client, f"{server.url}{path}?format=broken")
    assert (heard.text, heard.outcome) == ("abcd", "error")
    assert heard.run_id in heard.events[-1].data
    end = wait_for_end(server, heard.run_id)
    assert (end.outcome, end.steps) == ("failed", 4)
    assert "RuntimeError: broken on purpose" in server.log()

    heard = await listen(client, server.url + path)
    assert (heard.text, heard.outcome) == ("abcdefgh", "done")

    slow = publish("x" * 600, delay_ms=100)
    for number in range(20):
        with RawClient(server.url) as vanishing:
            run_id = vanishing.start_run(slow)
            vanishing.read_until(b"data: x\n\n")
            vanishing.leave(reset=number % 2 == 1)
        assert wait_for_end(server, run_id).outcome == "cut"
    settle(server, before)
