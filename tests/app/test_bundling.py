"""A site's middleware around a stream is one visit to the request's thread."""

import pytest
from asgiref.sync import sync_to_async as sync
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.test import Client

from streams import threads
from streams.asgi import direct
from streams.bundling import bundled
from tests.asgi_client import ask, freeze
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
