"""The short way to a client gives what the server's own `send` gives."""

import asyncio
import logging
from functools import partial

import h11
import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import RequestResponseCycle as H11Cycle
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from streams.playing.writing import find_writer
from tests.formats.test_pushing import begin, new_run, play, whole

__all__ = ["play"]


class Transport:
    """Notes what is written, and asks a protocol to pause when told."""

    def __init__(self):
        self.written: list[bytes] = []

    def write(self, data):
        self.written.append(data)

    def is_closing(self):
        return False

    def close(self):
        pass


def new_cycle(transport, *, method="POST", cycle=RequestResponseCycle):
    logger = logging.getLogger("tests")
    return cycle(
        scope={"type": "http", "method": method, "path": "/", "headers": []},
        transport=transport,
        flow=FlowControl(transport),
        logger=logger,
        access_logger=logger,
        access_log=False,
        default_headers=[],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=True,
        on_response=lambda: None,
    )


async def start(*headers, **options):
    transport = Transport()
    cycle = new_cycle(transport, **options)
    head = {"type": "http.response.start", "status": 200, "headers": list(headers)}
    await cycle.send(head)
    return transport, cycle


def test_the_bytes_are_those_of_send(play):
    async def test():
        written = []
        for wrap in (lambda send: send, lambda send: partial(send)):
            transport, cycle = await start()
            send = wrap(cycle.send)
            _, ended = begin(new_run("é\n漢" * 50, delay=0.03, ttft=0.5), send)
            await ended.wait()
            written.append(transport.written)
        assert find_writer(cycle.send) is None, "the response is over"
        assert written[0] == written[1]
        assert len(written[0]) > 100
        assert written[0][-1].endswith(b"0\r\n\r\n")

    play(test)


def test_a_reader_who_is_slow_is_waited_for(play):
    async def test():
        transport, cycle = await start()
        assert find_writer(cycle.send)
        _, ended = begin(new_run("abcdef", delay=0.1), cycle.send)
        await asyncio.sleep(0.15)
        cycle.flow.pause_writing()
        before = len(transport.written)
        await asyncio.sleep(5)
        assert len(transport.written) == before
        cycle.flow.resume_writing()
        await ended.wait()
        return b"".join(transport.written[1:])

    assert unchunk(play(test)) == whole(new_run("abcdef", delay=0))


def unchunk(data):
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return body
        body += data[:length]
        assert data[length : length + 2] == b"\r\n"
        data = data[length + 2 :]


def test_nothing_is_written_for_a_client_that_is_gone(play):
    async def test():
        transport, cycle = await start()
        write = find_writer(cycle.send)
        assert write(b"a")
        cycle.disconnected = True
        assert not write(b"b")
        assert transport.written[1:] == [b"1\r\na\r\n"]

    play(test)


@pytest.mark.parametrize(
    ("headers", "options"),
    [
        ([(b"content-length", b"100")], {}),
        ([], {"method": "HEAD"}),
        ([], {"cycle": H11Cycle}),
    ],
    ids=["a known length", "HEAD", "h11"],
)
def test_send_keeps_what_it_does_otherwise(play, headers, options):
    async def test():
        if options.get("cycle") is H11Cycle:
            options["cycle"] = h11_cycle
        _, cycle = await start(*headers, **options)
        return find_writer(cycle.send)

    assert play(test) is None


def h11_cycle(**options):
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.next_event()
    for only_httptools in ("keep_alive", "expect_100_continue"):
        del options[only_httptools]
    return H11Cycle(conn=connection, **options)


def test_a_server_that_keeps_its_state_elsewhere_is_asked_by_send(play, monkeypatch):
    async def test():
        _, cycle = await start()
        assert find_writer(cycle.send)
        del cycle.chunked_encoding
        return find_writer(cycle.send)

    assert play(test) is None


def test_before_the_response_has_begun_there_is_no_way_past_send(play):
    async def test():
        return find_writer(new_cycle(Transport()).send)

    assert play(test) is None
