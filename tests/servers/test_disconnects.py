"""A client that goes away takes everything with it."""

from contextlib import ExitStack

import pytest

from tests.processes import eventually
from tests.servers.clients import RawClient
from tests.servers.observation import ends, settle, vitals, wait_for_end


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_the_run_ends_when_its_client_leaves(server, kind, publish, report, reset):
    """At once, not at the next event, which would be due in 20 seconds."""
    path = publish("ab", delay_ms=20_000)
    delays = []
    for _ in range(5):
        with RawClient(server.url) as client:
            run_id = client.start_run(path)
            client.read_until(b"data: a")
            left = client.leave(reset=reset)
        end = wait_for_end(server, run_id)
        assert (end.outcome, end.steps) == ("cut", 1)
        delays.append(end.at - left)
    ending = "RST" if reset else "FIN"
    report(f"{ending} to end of run, median of 5, {kind}", sorted(delays)[2])
    report(f"{ending} to end of run, longest of 5, {kind}", max(delays))
    assert sorted(delays)[2] < 0.05
    assert max(delays) < 0.25


def test_a_client_that_leaves_before_the_first_event_ends_the_run(server, publish):
    """The stream is still thinking: nothing but its opening was sent."""
    path = publish("ab", ttft_ms=20_000)
    with RawClient(server.url) as client:
        run_id = client.start_run(path)
        client.read_until(b"retry: ")
        client.leave()
    end = wait_for_end(server, run_id)
    assert (end.outcome, end.steps) == ("cut", 0)


def test_200_clients_that_vanish_leave_nothing_behind(server, publish):
    """No task, thread, socket or record of theirs stays in the server."""
    path = publish("x" * 600, delay_ms=100)
    with RawClient(server.url) as client:  # so that nothing is there for the first time
        run_id = client.start_run(path)
        client.read_until(b"data: x\n\n")
        client.leave()
    wait_for_end(server, run_id)
    before = vitals(server)

    with ExitStack() as stack:
        clients = [stack.enter_context(RawClient(server.url)) for _ in range(200)]
        run_ids = [client.start_run(path) for client in clients]
        for client in clients:
            client.read_until(b"data: x\n\n")
        during = vitals(server)
        assert during["sockets"] >= 200
        assert during["tasks"] >= before["tasks"] + 200
        for number, client in enumerate(clients):
            client.leave(reset=number % 2 == 1)

    def check():
        found = ends(server)
        assert {found[i].outcome for i in run_ids if i in found} == {"cut"}
        assert found.keys() >= set(run_ids)

    eventually(check)
    settle(server, before)
