"""Where no middleware ever waits, streams are set up on the event loop."""

import json
from contextlib import contextmanager

import pytest
from asgiref.sync import sync_to_async as sync
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished, request_started
from django.db import connections
from django.test import override_settings
from django.utils.deprecation import MiddlewareMixin

from streams.asgi import direct
from streams.at_once import NEVER_WAITS, at_once
from streams.signals import called
from tests.app.test_bundling import EVENTS, MEDDLING, MODES, SEVEN, Meddling, signed_in
from tests.asgi_client import ask, freeze, open_exchange
from tests.oracles import spoken

pytestmark = pytest.mark.django_db(transaction=True)

CHAT = "/v1/chat/completions"
JSON = {"content-type": "application/json"}


def chat(**fields):
    messages = [{"role": "user", "content": "Hi"}]
    body = {"model": "hello", "messages": messages, "stream": True} | fields
    return {"method": "POST", "headers": JSON, "body": json.dumps(body).encode()}


def said(answer):
    """Return the text of a chat's chunks."""
    events = [
        part.removeprefix("data: ") for part in answer.body.decode().split("\n\n")
    ]
    assert events[-2:] == ["[DONE]", ""]
    chunks = [json.loads(event)["choices"][0]["delta"] for event in events[:-2]]
    return "".join(delta.get("content", "") for delta in chunks)


@pytest.fixture
def site(settings):
    settings.MIDDLEWARE = SEVEN
    return get_asgi_application()


@pytest.fixture
def threads(monkeypatch):
    """The requests that came to have a thread."""
    asked = []
    handle = ASGIHandler.__call__

    async def noted(handler, scope, receive, send):
        asked.append(scope["path"])
        await handle(handler, scope, receive, send)

    monkeypatch.setattr(ASGIHandler, "__call__", noted)
    return asked


async def warmed(application, path=EVENTS, **options):
    """Ask twice: the first time, the stream has to be looked up."""
    await ask(application, path, **options)
    return await ask(application, path, **options)


@pytest.fixture
async def application(make_stream, site, threads):
    """The site on the direct lane, with a stream that is at hand."""
    await sync(make_stream)("abc")
    application = direct(site)
    await warmed(application)
    threads.clear()
    return application


@contextmanager
def listening(signal, hear):
    signal.connect(hear)
    try:
        yield
    finally:
        signal.disconnect(hear)


@pytest.mark.parametrize(
    ("path", "options"), [(EVENTS, {}), (EVENTS, chat()), (CHAT, chat())]
)
async def test_the_seven_of_every_project_take_no_thread(
    make_stream, site, monkeypatch, threads, path, options
):
    freeze(monkeypatch)
    await sync(make_stream)("abc", seed=7)
    apart = await ask(direct(site, bundle=False), path, **options)
    application = direct(site)
    await ask(application, path, **options)
    threads.clear()
    at_hand = await ask(application, path, **options)
    assert threads == []
    assert at_hand.complete
    assert at_hand.status == 200
    assert at_hand.body == apart.body
    assert at_hand.header_list == apart.header_list
    assert at_hand.headers["x-frame-options"] == "DENY"


async def test_what_must_be_looked_up_first_is_done_in_a_thread(
    make_stream, site, threads
):
    await sync(make_stream)("abc")
    answer = await ask(direct(site), CHAT, **chat())
    assert said(answer) == "abc"
    assert threads == [CHAT]


async def test_a_body_that_was_read_is_there_for_the_thread(make_stream, site, threads):
    """It may have come in pieces."""
    await sync(make_stream)("abc")
    request = chat()
    async with open_exchange(direct(site), CHAT, **request) as exchange:
        whole = request["body"]
        exchange._body = [whole[:5], whole[5:20], whole[20:]]
        await exchange.has(lambda body: b"[DONE]" in body)
    assert said(exchange) == "abc"
    assert threads == [CHAT]


async def test_a_long_body_is_not_for_the_event_loop(make_stream, site, threads):
    await sync(make_stream)("abc")
    long = chat(metadata={"n": "x" * 10_000})
    assert said(await warmed(direct(site), CHAT, **long)) == "abc"
    assert threads == [CHAT] * 2


async def test_a_client_that_leaves_before_it_has_asked_gets_nothing(
    application, threads
):
    async with open_exchange(application, CHAT, **chat()) as exchange:
        exchange._body = []
        exchange.leave()
    assert exchange.messages == threads == []


async def test_a_user_is_looked_up_in_a_thread(make_stream, site, threads):
    await sync(make_stream)("abc", access="signed-in")
    application = direct(site)
    refused = await warmed(application)
    assert (refused.status, refused.headers["x-frame-options"]) == (401, "DENY")
    cookie = {"cookie": await sync(signed_in)()}
    threads.clear()
    assert spoken((await warmed(application, headers=cookie)).body) == "abc"
    assert threads == [EVENTS] * 2
    assert await User.objects.acount() == 1


async def test_an_answer_in_whole_waits_in_a_thread_and_is_told_of_once(
    application, threads
):
    told = []

    def hear(**said):
        told.append(said)

    with listening(called, hear):
        answer = await ask(application, CHAT, **chat(stream=False))
    assert json.loads(answer.body)["choices"][0]["message"]["content"] == "abc"
    assert threads == [CHAT]
    assert len(told) == 1


async def test_a_problem_is_told_without_a_thread(application, threads, caplog):
    answer = await ask(application, CHAT, **chat(messages="hot"))
    assert answer.status == 400
    assert "messages" in json.loads(answer.body)["error"]["message"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert threads == []
    # As Django does for any other answer like it.
    assert f"Bad Request: {CHAT}" in caplog.messages


async def test_a_connection_of_the_loops_thread_is_left_alone(
    application, monkeypatch, threads
):
    """Such as one that was opened before the server began to serve."""
    there = []

    def closed():
        there.append("closed")

    mine = connections["default"]
    monkeypatch.setattr(mine, "close", closed)
    monkeypatch.setattr(mine, "close_if_unusable_or_obsolete", closed)
    answer = await ask(application, EVENTS)
    assert spoken(answer.body) == "abc"
    assert there == threads == []


@pytest.mark.parametrize("signal", [request_started, request_finished])
async def test_others_who_listen_are_called_in_a_thread(application, threads, signal):
    heard = []

    def hear(**said):
        # Not allowed on an event loop.
        heard.append(User.objects.count())

    with listening(signal, hear):
        answer = await ask(application, EVENTS)
    assert spoken(answer.body) == "abc"
    assert threads == [EVENTS]
    assert heard == [0]


@pytest.mark.parametrize("mode", MODES)
async def test_whatever_quick_middleware_does_has_the_same_effect(
    make_stream, settings, monkeypatch, mode, threads
):
    settings.MIDDLEWARE = MEDDLING
    settings.STREAMS = {"QUICK_MIDDLEWARE": ["tests.app.test_bundling.Meddling"]}
    freeze(monkeypatch)
    await sync(make_stream)("abc", seed=7)
    site = get_asgi_application()
    application = direct(site)
    await warmed(application)
    monkeypatch.setattr(Meddling, "mode", mode)
    threads.clear()
    at_hand = await ask(application, EVENTS)
    assert threads == []
    apart = await ask(direct(site, bundle=False), EVENTS)
    assert (at_hand.status, at_hand.body) == (apart.status, apart.body)
    assert at_hand.header_list == apart.header_list
    statuses = dict(zip(MODES, (418, 500, 200, 404, 200), strict=True))
    assert at_hand.status == statuses[mode]


class Asking(MiddlewareMixin):
    """Said to be quick, and asks the database."""

    def process_response(self, request, response):
        response["X-Users"] = str(User.objects.count())
        return response


async def test_middleware_that_asks_the_database_is_not_believed_twice(
    make_stream, settings, threads
):
    path = f"{__name__}.Asking"
    settings.MIDDLEWARE = [*SEVEN, path]
    settings.STREAMS = {"QUICK_MIDDLEWARE": [path]}
    await sync(make_stream)("abc")
    application = direct(get_asgi_application())
    for _ in range(3):
        answer = await ask(application, EVENTS)
        assert spoken(answer.body) == "abc"
        assert answer.headers["x-users"] == "0"
    assert threads == [EVENTS] * 3


@pytest.mark.parametrize(
    "changed",
    [
        {"MIDDLEWARE": [*SEVEN, "tests.app.test_bundling.Meddling"]},
        {
            "MIDDLEWARE": ["tests.app.lane_site.marked", *SEVEN],  # asynchronous only
            "STREAMS": {"QUICK_MIDDLEWARE": ["tests.app.lane_site.marked"]},
        },
        {"CSRF_USE_SESSIONS": True},
        {"SESSION_SAVE_EVERY_REQUEST": True},
        {"SESSION_ENGINE": "yoursite.sessions"},
        {"MESSAGE_STORAGE": "yoursite.messages.Storage"},
    ],
    ids=lambda changed: ", ".join(changed),
)
def test_what_may_wait_is_left_to_threads(site, changed):
    assert at_once(site) is not None
    with override_settings(**changed):
        assert at_once(site) is None


def test_another_application_is_left_as_it_is(site):
    async def around(scope, receive, send):
        await site(scope, receive, send)

    assert at_once(around) is None


def test_the_demo_site_sets_streams_up_without_a_thread(settings):
    from streamsite import settings as demo

    settings.MIDDLEWARE, settings.STREAMS = demo.MIDDLEWARE, demo.STREAMS
    assert at_once(get_asgi_application()) is not None
    assert set(demo.MIDDLEWARE) - NEVER_WAITS == {*demo.STREAMS["QUICK_MIDDLEWARE"]}
