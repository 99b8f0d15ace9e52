"""The direct lane on every kind of server: it plays, it ends, and it costs nothing."""

import asyncio
import re
import signal
from contextlib import ExitStack

import pytest

from tests.processes import COMMANDS, OTHER_COMMANDS, eventually, serve
from tests.servers.clients import Heard, RawClient, listen
from tests.servers.observation import ends, settle, vitals, wait_for_end

EVERY_KIND = (*COMMANDS, *OTHER_COMMANDS)

# What Daphne and uvicorn with h11 do on either lane, the other tests here show.
OTHER_KINDS = tuple(OTHER_COMMANDS)

# Daphne does not wait for a reader.
WAITING_KINDS = ("uvloop", "hypercorn", "granian")


@pytest.fixture
def server(any_server, kind):
    return any_server(kind)


@pytest.mark.parametrize("kind", OTHER_KINDS)
async def test_events_come_one_by_one_when_they_are_due(
    server, kind, client, publish, report
):
    path = publish("0123456789", delay_ms=60)
    await listen(client, f"{server.url}{path}?delay_ms=0")  # compiles the script
    heard = await listen(client, server.url + path)
    assert [event.data for event in heard.events] == [*"0123456789", "[DONE]"]
    late = []
    for number, at in enumerate(heard.chunk_times):
        due = number * 0.06
        assert at - heard.asked >= due - 0.005
        late.append(at - heard.answered - due)
    report(f"latest of ten events, {kind}", max(late))
    assert max(late) < 0.08


@pytest.mark.parametrize("kind", OTHER_KINDS)
@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_the_run_ends_when_its_client_leaves(server, kind, publish, report, reset):
    path = publish("ab", delay_ms=20_000)
    delays = []
    for _ in range(3):
        with RawClient(server.url) as client:
            run_id = client.start_run(path)
            client.read_until(b"data: a")
            left = client.leave(reset=reset)
        end = wait_for_end(server, run_id)
        assert (end.outcome, end.steps) == ("cut", 1)
        delays.append(end.at - left)
    report(f"client gone to end of run, longest of 3, {kind}", max(delays))
    assert sorted(delays)[1] < 0.05
    assert max(delays) < 0.25


@pytest.mark.parametrize("kind", OTHER_KINDS)
async def test_a_format_that_fails_ends_its_stream_and_nothing_else(
    server, client, publish
):
    path = publish("abcdefgh", delay_ms=10)
    broken = f"{server.url}{path}?format=broken"
    heard = await asyncio.gather(*(listen(client, broken) for _ in range(5)))
    for one in heard:
        # What is due together with the step that fails is lost with it.
        assert one.text and "abcd".startswith(one.text)
        assert one.outcome == "error"
        assert one.run_id in one.events[-1].data
        end = wait_for_end(server, one.run_id)
        assert end.outcome == "failed"
    one = await listen(client, server.url + path)
    assert (one.text, one.outcome) == ("abcdefgh", "done")


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_connection_goes_on_after_a_stream(server, publish):
    """Answers without a body, three streams and an error, one after another."""
    path = publish("abc", delay_ms=5)
    with RawClient(server.url) as client:
        client.ask(path, method="HEAD")
        assert b" 200 " in client.read_until(b"\r\n\r\n").partition(b"\r\n")[0]
        client.ask(path, method="OPTIONS")
        assert b" 204 " in client.read_until(b"\r\n\r\n").partition(b"\r\n")[0]
        for _ in range(3):
            run_id = client.start_run(path)
            body = client.read_until(b"\r\n0\r\n\r\n")
            assert body.count(b"data: ") == 4
            assert wait_for_end(server, run_id).outcome == "completed"
        client.ask("/streams/nothing/events")
        assert b" 404 " in client.read_until(b"\r\n\r\n").partition(b"\r\n")[0]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_an_open_stream_costs_what_any_open_response_costs(server, publish):
    """No thread, and no task that the server would not have of its own."""
    path = publish("x" * 600, delay_ms=100)
    with RawClient(server.url) as client:  # so that nothing is there for the first time
        client.start_run(path)
        client.read_until(b"data: x\n\n")
    before = vitals(server)

    def cost_of(path, ending):
        with ExitStack() as stack:
            clients = [stack.enter_context(RawClient(server.url)) for _ in range(100)]
            for client in clients:
                client.ask(path)
            for client in clients:
                client.read_until(ending)

            def rest():
                # Django's threads, which prepared the streams, end by themselves.
                now = vitals(server)
                assert now["threads"] <= before["threads"] + 1
                return now

            during = eventually(rest, timeout=5)
        settle(server, before)
        return during["tasks"] - before["tasks"], during["sockets"]

    bare, sockets = cost_of("/-/open", b"data: x\n\n")
    assert sockets >= 100
    tasks, sockets = cost_of(path, b"data: x\n\n")
    assert sockets >= 100
    print(f"\n    tasks of 100 streams: {tasks}, of 100 open responses: {bare}", end="")
    assert abs(tasks - bare) <= 2


@pytest.mark.parametrize("kind", COMMANDS)
def test_the_ordinary_lane_keeps_a_thread_for_each(servers, kind, publish):
    """What the direct lane is for."""
    server = servers[kind, "ordinary"]
    path = publish("x" * 600, delay_ms=100)
    before = vitals(server)
    with ExitStack() as stack:
        clients = [stack.enter_context(RawClient(server.url)) for _ in range(30)]
        for client in clients:
            client.start_run(path)
        for client in clients:
            client.read_until(b"data: x\n\n")
        assert vitals(server)["threads"] >= before["threads"] + 25
    settle(server, before)


@pytest.mark.parametrize("kind", WAITING_KINDS)
async def test_a_client_that_does_not_read_delays_nobody(
    server, kind, client, publish, report
):
    """Its run waits for it, for as long as it stays."""
    flood = publish("🌊" * 1_000_000, delay_ms=0, unit="fixed", chunk_size=20)
    steady = publish("x" * 20, delay_ms=50)
    with RawClient(server.url, receive_buffer=4096) as idle:
        run_id = idle.start_run(flood)
        heard = await listen(client, server.url + steady)
        times = enumerate(heard.chunk_times)
        late = max(at - heard.answered - number * 0.05 for number, at in times)
        report(f"latest event beside a flood, {kind}", late)
        assert (heard.text, heard.outcome) == ("x" * 20, "done")
        assert late < 0.25
        assert run_id not in ends(server)
        left = idle.leave()
    end = wait_for_end(server, run_id)
    assert end.outcome == "cut"
    assert end.at - left < 0.25


@pytest.mark.parametrize("kind", OTHER_KINDS)
async def test_sigterm_says_goodbye_to_every_stream(env, client, publish, kind):
    """A clean end, after which an EventSource comes back and resumes."""
    path = publish("x" * 600, delay_ms=50)
    with serve(kind, env=env | {"TESTS_DRAIN": "1"}) as server:
        begun = [Heard(asked=0) for _ in range(20)]
        url = server.url + path
        playing = [asyncio.create_task(listen(client, url, heard=h)) for h in begun]

        def check():
            assert all(heard.events for heard in begun)

        await asyncio.to_thread(eventually, check)
        server.process.send_signal(signal.SIGTERM)
        # A body that ends without its last chunk would raise here.
        await asyncio.gather(*playing)
        await asyncio.to_thread(server.process.wait, 6)
        log = server.log()
        assert len(re.findall("ended by the server's stop", log)) == 20
    for heard in begun:
        assert heard.outcome == "message"
        assert len(heard.text) < 600
