"""The playground's pages."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from streams import pages
from streams.models import Script, Stream

pytestmark = pytest.mark.django_db


def test_the_list_has_what_this_visitor_may_play(client, make_stream):
    make_stream("word " * 30, unit="word", delay_ms=100)
    make_stream("x", "draft", published=False)
    make_stream("x", "inner", access="permission")
    text = client.get("/streams/").content.decode()
    assert "30 chunks · 2.9\N{NO-BREAK SPACE}s" in text
    assert "Draft" not in text
    assert "Inner" not in text
    user = User.objects.create(username="mei")
    user.user_permissions.add(Permission.objects.get(codename="view_stream"))
    client.force_login(user)
    text = client.get("/streams/").content.decode()
    assert "Inner" in text
    assert '<span class="badge">Draft</span>' in text


def test_whoever_is_signed_in_sees_what_is_for_them(client, make_stream):
    make_stream("x", "members", access="signed-in")
    make_stream("x", "inner", access="permission")
    assert "Members" not in client.get("/streams/").content.decode()
    client.force_login(User.objects.create(username="mei"))
    text = client.get("/streams/").content.decode()
    assert ("Members" in text, "Inner" in text) == (True, False)


def test_an_empty_list_says_what_to_do(client, admin_client):
    assert "No published streams yet." in client.get("/streams/").content.decode()
    text = admin_client.get("/streams/").content.decode()
    assert "Create one" in text
    assert "manage.py streams demo" in text


def test_a_word_finds_streams_and_a_slug_opens_one(client, make_stream):
    make_stream("x", "hello-world", title="Greeting")
    make_stream("x", "hello-draft", published=False)
    make_stream("x", "other")
    for word in ("ELLO-w", "greet"):
        text = client.get("/streams/", {"q": word}).content.decode()
        assert ("Greeting" in text, "Other" in text) == (True, False)
    response = client.get("/streams/", {"q": " hello-world "})
    assert (response.status_code, response.url) == (302, "/streams/hello-world/")
    for word in ("hello-draft", "\0<b>"):
        text = client.get("/streams/", {"q": word}).content.decode()
        assert "No stream has “" in text
        assert "<b>" not in text
    # And a stream's page offers those that this visitor may play.
    text = client.get("/streams/other/").content.decode()
    assert '<option value="hello-world">Greeting</option>' in text
    assert "hello-draft" not in text


def test_the_list_reads_a_script_once_until_it_changes(client, make_stream):
    stream = make_stream("word " * 30, unit="word", delay_ms=100)
    make_stream("x" * 12, "other", delay_ms=100)

    def listed():
        with CaptureQueriesContext(connection) as queries:
            text = client.get("/streams/").content.decode()
        return text, any('"body" FROM' in query["sql"] for query in queries)

    chunks = "{} chunks · {}\N{NO-BREAK SPACE}s".format
    text, read = listed()
    assert (chunks(30, 2.9) in text, chunks(12, 1.1) in text, read) == (True,) * 3
    text, read = listed()
    assert (chunks(30, 2.9) in text, chunks(12, 1.1) in text, read) == (
        True,
        True,
        False,
    )
    # Past save(), as well.
    Script.objects.filter(pk=stream.script_id).update(body="word " * 20)
    text, read = listed()
    assert (chunks(20, 1.9) in text, read) == (True, True)
    Stream.objects.filter(pk=stream.pk).update(delay_ms=200)
    assert chunks(20, 3.8) in listed()[0]
    # What a template says may depend on anything.
    make_stream("{{ prompt }}y", "template", rendering="template")
    assert listed()[1]
    assert listed()[1]


def test_a_long_list_has_pages(client, make_stream, monkeypatch):
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    for slug in ("ask", "bid", "cue"):
        make_stream("x", slug)
    text = client.get("/streams/").content.decode()
    assert ("Ask" in text, "Cue" in text, 'href="?page=2"' in text) == (
        True,
        False,
        True,
    )
    text = client.get("/streams/?page=2").content.decode()
    assert ("Ask" in text, "Cue" in text, "Page 2 of 2" in text) == (False, True, True)
    assert client.get("/streams/?page=nothing").status_code == 200


def test_a_stream_has_a_page(client, make_stream):
    make_stream("Hi", ttft_ms=1500)
    text = client.get("/streams/hello/").content.decode()
    assert 'action="/streams/hello/events"' in text
    assert "http://testserver/streams/hello/events" in text
    assert "1.5\N{NO-BREAK SPACE}s" in text


def test_numbers_in_attributes_stay_numbers_in_every_language(client, make_stream):
    make_stream(max_speed=2.5, seed=123456)
    with override_settings(LANGUAGE_CODE="de", USE_THOUSAND_SEPARATOR=True):
        text = client.get("/streams/hello/").content.decode()
    assert 'max="2.5"' in text
    assert 'placeholder="123456"' in text


def test_what_cannot_be_played_has_no_page(client, make_stream):
    make_stream("x", "draft", published=False)
    assert client.get("/streams/draft/").status_code == 404
    assert client.get("/streams/nothing/").status_code == 404
    make_stream("x", "inner", access="signed-in")
    response = client.get("/streams/inner/")
    assert response.status_code == 302
    assert response.url == "/admin/login/?next=/streams/inner/"


@pytest.mark.parametrize(
    ("access", "debug", "anonymous", "staff"),
    [
        ("public", False, 200, 200),
        ("staff", True, 302, 200),
        ("off", True, 404, 404),
        (None, True, 200, 200),
        (None, False, 302, 200),
    ],
)
def test_who_may_open_it(client, admin_client, access, debug, anonymous, staff):
    with override_settings(STREAMS={"PLAYGROUND": access}, DEBUG=debug):
        assert client.get("/streams/").status_code == anonymous
        assert admin_client.get("/streams/").status_code == staff


def test_members_who_are_not_staff_are_refused(client):
    client.force_login(User.objects.create(username="mei"))
    with override_settings(STREAMS={"PLAYGROUND": "staff"}):
        assert client.get("/streams/").status_code == 403


def test_the_plan_as_json(client, make_stream):
    make_stream("ab<!-- stream: pause 1s -->c", delay_ms=100, ttft_ms=500, seed=4)
    answer = client.get("/streams/hello/plan?speed=2").json()
    assert answer["steps"] == [
        {"position": 1, "due": 0.25, "text": "a"},
        {"position": 2, "due": 0.3, "text": "b"},
        {"position": 4, "due": 0.85, "text": "c"},
    ]
    assert (answer["duration"], answer["end"], answer["seed"]) == (0.85, 4, 4)
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        body = '{"speed": 2}' if kind.endswith("json") else "speed=2"
        strict = Client(enforce_csrf_checks=True)
        asked = strict.post("/streams/hello/plan", body, content_type=kind)
        assert asked.json() == answer
    assert client.get("/streams/hello/plan?speed=0").status_code == 400
    assert client.get("/streams/nothing/plan").status_code == 404


def test_the_plan_names_the_events_that_a_script_has(client, make_stream):
    make_stream('<!-- stream: event status {"step": "thinking"} -->a')
    first, second = client.get("/streams/hello/plan").json()["steps"]
    assert (first["direction"], first["event"]) == ("event", "status")
    assert "event" not in second


def test_a_plan_too_long_to_show_says_so(client, make_stream):
    make_stream("x" * 20_001)
    answer = client.get("/streams/hello/plan")
    assert answer.status_code == 400
    assert "20,001 steps; at most 20,000" in answer.json()["detail"]
    assert client.get("/streams/hello/plan?chunk_size=2").status_code == 200


def test_the_same_seed_gives_the_same_plan(client, make_stream):
    make_stream("abcdef", delay_ms=100, jitter_percent=80)
    first, again, other = (
        client.get(f"/streams/hello/plan?seed={seed}").json() for seed in (5, 5, 6)
    )
    assert first == again
    assert first["steps"] != other["steps"]


def test_pages_hold_no_inline_script_or_style(client, make_stream):
    make_stream()
    for path in ("/streams/", "/streams/hello/"):
        text = client.get(path).content.decode()
        assert "<style" not in text
        assert " style=" not in text
        assert "<script>" not in text
        assert " onclick=" not in text
