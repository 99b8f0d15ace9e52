"""A connection is cut where a stream is dropped, on either lane and behind anything."""

from functools import partial

import pytest
from asgiref.sync import sync_to_async as sync
from django.core.asgi import get_asgi_application

from streams import http
from streams.asgi import direct
from streams.playing import cutting, lane
from tests.asgi_client import ask
from tests.oracles import read_events, spoken

pytestmark = pytest.mark.django_db(transaction=True)

DROPPED = "abc<!-- stream: drop -->def"
PATH = "/streams/hello/events"


@pytest.fixture
def daphne(monkeypatch):
    """Let it seem that the server is Daphne."""
    for module in (http, lane):
        monkeypatch.setattr(module, "returning_cuts", lambda: False)


@pytest.fixture(params=["ordinary", "direct", "loud"])
def application(request, settings):
    if request.param == "ordinary":
        return get_asgi_application()
    if request.param == "loud":
        # What comes from it plays on the ordinary lane, under `direct`.
        settings.MIDDLEWARE = ["tests.app.lane_site.loud"]
    return direct(get_asgi_application())


async def test_the_response_has_no_end(make_stream, application, caplog):
    await sync(make_stream)(DROPPED, delay_ms=1)
    answer = await ask(application, PATH)
    assert not answer.complete
    assert spoken(answer.body.lower()) == "abc"
    assert answer.task.exception() is None
    assert [r for r in caplog.records if r.levelname in ("ERROR", "WARNING")] == []


async def test_a_dropped_stream_goes_on_after_its_last_event(make_stream, application):
    await sync(make_stream)(DROPPED, delay_ms=1)
    answer = await ask(application, PATH)
    last = next(
        line.partition(":")[2].strip()
        for line in reversed(answer.body.decode().split("\n"))
        if line.lower().startswith("id:")
    )
    rest = await ask(application, PATH, headers={"last-event-id": last.lower()})
    assert rest.complete
    assert spoken(rest.body.lower()) == "def"


async def test_a_truncated_response_is_complete(make_stream, application):
    await sync(make_stream)(DROPPED.replace("drop", "truncate"), delay_ms=1)
    answer = await ask(application, PATH)
    assert answer.complete
    assert spoken(answer.body.lower()) == "abc"
    assert b"done" not in answer.body.lower()


async def test_without_a_way_to_cut_it_ends(make_stream, application, daphne):
    """No client may wait for ever: Daphne closes nothing by itself."""
    await sync(make_stream)(DROPPED, delay_ms=1)
    answer = await ask(application, PATH)
    assert answer.complete
    assert [e.data.lower() for e in read_events(answer.body.lower())] == [*"abc"]


class Channel:
    def __init__(self):
        self.closed = 0

    def loseConnection(self):
        self.closed += 1


class Stream(Channel):
    """A stream of HTTP/2: to lose it would end it well."""

    def loseConnection(self):
        raise AssertionError("that is a clean end")

    def abortConnection(self):
        self.closed += 1


class WebRequest:
    def __init__(self, channel):
        self.channel = channel


WebRequest.__module__ = "daphne.http_protocol"


@pytest.mark.parametrize("channel", [Channel, Stream])
async def test_daphne_is_asked_to_close(make_stream, daphne, channel):
    await sync(make_stream)(DROPPED, delay_ms=1)
    request = WebRequest(channel())
    application = direct(get_asgi_application())

    async def reply(send, request, message):
        await send(message)

    async def served(scope, receive, send):
        await application(scope, receive, partial(reply, send, request))

    answer = await ask(served, PATH)
    assert request.channel.closed == 1
    assert not answer.complete


def test_a_request_that_is_over_already_is_left_alone():
    assert cutting.cut(partial(print, WebRequest(None)))
    assert not cutting.cut(print)
