"""A site's middleware around a stream is one visit to the request's thread."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async as sync
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_started
from django.http import Http404, HttpResponse
from django.test import Client
from django.utils.deprecation import MiddlewareMixin

from streams import threads
from streams.asgi import direct
from streams.bundling import bundled
from streams.serving import endpoint
from tests.asgi_client import ask, freeze, open_exchange
from tests.oracles import spoken

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not threads._can_be_lent, reason="asgiref cannot be given a thread"
    ),
]
EVENTS = "/streams/hello/events"
SEVEN = [
    f"django.{path}"
    for path in (
        "middleware.security.SecurityMiddleware",
        "contrib.sessions.middleware.SessionMiddleware",
        "middleware.common.CommonMiddleware",
        "middleware.csrf.CsrfViewMiddleware",
        "contrib.auth.middleware.AuthenticationMiddleware",
        "contrib.messages.middleware.MessageMiddleware",
        "middleware.clickjacking.XFrameOptionsMiddleware",
    )
]


@pytest.fixture
def visits(monkeypatch):
    """What was done in requests' threads, one entry a visit."""
    visits = []
    submit = threads._Thread.submit

    def counted(thread, fn, /, *args, **kwargs):
        if fn is not threads._let_go:
            visits.append(fn)
        return submit(thread, fn, *args, **kwargs)

    monkeypatch.setattr(threads._Thread, "submit", counted)
    return visits


async def test_the_seven_of_every_project_are_one_visit(
    make_stream, settings, monkeypatch, visits
):
    settings.MIDDLEWARE = SEVEN
    freeze(monkeypatch)
    await sync(make_stream)("abc", seed=7)
    site = get_asgi_application()
    answers, counts = [], []
    for bundle in (True, False):
        visits.clear()
        answers.append(await ask(direct(site, bundle=bundle), EVENTS))
        counts.append(len(visits))
    together, apart = answers
    assert spoken(together.body) == "abc"
    assert together.body == apart.body
    assert together.header_list == apart.header_list
    assert together.headers["x-frame-options"] == "DENY"
    # Django's signals before and after are two more.
    assert counts[0] == 3
    assert counts[1] > 10


async def test_a_user_is_known_and_a_problem_is_told(make_stream, settings):
    settings.MIDDLEWARE = SEVEN
    await sync(make_stream)("abc", access="signed-in")
    application = direct(get_asgi_application())
    refused = await ask(application, EVENTS)
    assert (refused.status, refused.headers["x-frame-options"]) == (401, "DENY")
    cookie = await sync(signed_in)()
    played = await ask(application, EVENTS, headers={"cookie": cookie})
    assert spoken(played.body) == "abc"


def signed_in():
    client = Client()
    client.force_login(User.objects.create(username="mei"))
    return client.cookies["sessionid"].OutputString()


def test_what_cannot_be_bundled_is_left_as_it_is(settings):
    site = get_asgi_application()
    assert bundled(site) is not site

    async def around(scope, receive, send):
        await site(scope, receive, send)

    assert bundled(around) is around
    for middleware in (
        [],
        SEVEN[:1],
        ["tests.app.lane_site.marked", *SEVEN],  # asynchronous only
    ):
        settings.MIDDLEWARE = middleware
        assert bundled(site) is site


class Meddling(MiddlewareMixin):
    """Does one thing, as `mode` says."""

    mode = ""
    entered = threading.Event()
    go_on = threading.Event()

    def process_request(self, request):
        if self.mode == "refuses":
            return HttpResponse("no", status=418)
        if self.mode == "fails":
            raise RuntimeError("out of order")
        if self.mode == "takes its time":
            self.entered.set()
            self.go_on.wait(10)
        return None

    def process_view(self, request, view, args, kwargs):
        if self.mode == "answers for the view":
            return HttpResponse("instead")
        return None

    def process_response(self, request, response):
        if self.mode == "fails behind the view":
            raise Http404
        response["X-Meddled"] = self.mode
        return response


MEDDLING = [*SEVEN[:3], "tests.app.test_bundling.Meddling", *SEVEN[3:]]
MODES = [
    "refuses",
    "fails",
    "answers for the view",
    "fails behind the view",
    "only marks",
]


@pytest.mark.parametrize("mode", MODES)
async def test_whatever_middleware_does_has_the_same_effect(
    make_stream, settings, monkeypatch, mode
):
    settings.MIDDLEWARE = MEDDLING
    monkeypatch.setattr(Meddling, "mode", mode)
    freeze(monkeypatch)
    await sync(make_stream)("abc", seed=7)
    together, apart = [
        await ask(direct(get_asgi_application(), bundle=bundle), EVENTS)
        for bundle in (True, False)
    ]
    assert (together.status, together.body) == (apart.status, apart.body)
    assert together.header_list == apart.header_list
    statuses = dict(zip(MODES, (418, 500, 200, 404, 200), strict=True))
    assert together.status == statuses[mode]


async def test_who_listens_for_djangos_handler_hears_of_the_request(
    make_stream, settings
):
    settings.MIDDLEWARE = SEVEN
    await sync(make_stream)("abc")
    heard = []

    def hear(**said):
        heard.append(said["scope"]["path"])

    request_started.connect(hear, sender=ASGIHandler)
    try:
        await ask(direct(get_asgi_application()), EVENTS)
    finally:
        request_started.disconnect(hear, sender=ASGIHandler)
    assert heard == [EVENTS]


async def test_a_client_that_leaves_during_middleware_starts_nothing(
    make_stream, settings, monkeypatch
):
    """The thread goes on, and calls the view at last: for nobody."""
    settings.MIDDLEWARE = MEDDLING
    monkeypatch.setattr(Meddling, "mode", "takes its time")
    prepared, answered = [], threading.Event()
    monkeypatch.setattr(endpoint, "_try_now", lambda *_: prepared.append("now"))
    monkeypatch.setattr(
        endpoint, "BodilessResponse", lambda **_: answered.set() or HttpResponse()
    )
    await sync(make_stream)("abc")
    application = direct(get_asgi_application())
    async with open_exchange(application, EVENTS) as exchange:
        await asyncio.to_thread(Meddling.entered.wait, 10)
        exchange.leave()
        await asyncio.sleep(0.05)
        Meddling.go_on.set()
        assert await asyncio.to_thread(answered.wait, 10)
        await asyncio.wait_for(exchange.task, 10)
    assert exchange.messages == prepared == []
