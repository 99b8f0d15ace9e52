"""What a site may have around the app does not get between a script and its viewer."""

import os
import time
from functools import partial

import psutil

from tests.oracles import spoken
from tests.processes import eventually
from tests.servers.clients import RawClient, curl, listen

GZIP = {"Accept-Encoding": "gzip"}


def test_a_playing_stream_holds_no_database_connection(
    server, burdened_server, project, publish
):
    """Not even with CONN_MAX_AGE, while twenty streams play."""
    path = publish("x" * 600, delay_ms=100)

    def check_closed(pid):
        assert open_database_files(pid, project) == []

    for each in (server, burdened_server):
        clients = [RawClient(each.url) for _ in range(20)]
        try:
            for client in clients:
                client.ask(path)
            for client in clients:
                client.read_until(b"data: x\n\n")
            # The journal has one for a moment, and SQLite closes no file of a database
            # while another connection is open.
            eventually(partial(check_closed, each.pid), timeout=5)
        finally:
            for client in clients:
                client.leave()
    # The eye that found nothing there does see connections where there are some.
    assert open_database_files(project.call(os.getpid), project)


def test_a_client_that_leaves_early_leaves_no_database_connection(
    burdened_server, project, publish
):
    """Wherever in the preparation of its stream it leaves."""
    path = publish("x" * 600, delay_ms=100)
    for number in range(100):
        with RawClient(burdened_server.url) as client:
            client.ask(path)
            time.sleep(number * 0.0002)
            client.leave(reset=number % 2 == 1)

    def check():
        assert open_database_files(burdened_server.pid, project) == []

    eventually(check, timeout=2)


def open_database_files(pid, project):
    """Return the files of the project's database, its WAL too, that a process has."""
    paths = (file.path for file in psutil.Process(pid).open_files())
    return [path for path in paths if path.startswith(str(project.database))]


async def test_gzip_middleware_does_not_hold_events_back(
    burdened_server, client, publish
):
    """The middleware works, on other answers; each event still comes when it is due."""
    path = publish("0123456789", delay_ms=100)
    url = burdened_server.url + path
    other = await client.get(url.replace("/events", "/plan"), headers=GZIP)
    assert other.headers["content-encoding"] == "gzip"

    heard = await listen(client, url, headers=GZIP)
    assert (heard.text, heard.outcome) == ("0123456789", "done")
    for number, at in enumerate(heard.chunk_times):
        assert at - heard.answered <= number * 0.1 + 0.08


async def test_gzip_middleware_does_not_silence_curl(burdened_server, publish):
    """`curl --compressed` shows every event, not the first one only."""
    path = publish("0123456789", delay_ms=100)
    body, times = await curl("--compressed", burdened_server.url + path)
    assert spoken(body) == "0123456789"
    assert len(times) >= 6
    assert 0.7 <= times[-1] - times[0] <= 1.4
