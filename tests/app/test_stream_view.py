"""The stream view: what callers ask for and get."""

import json

import pytest
from asgiref.sync import sync_to_async as sync
from django.db import connection
from django.test import Client, RequestFactory

from streams.models import Script
from streams.preparing import lookup
from streams.signals import called
from streams.views import events

pytestmark = pytest.mark.django_db(transaction=True)


async def test_plays_the_script_as_plain_events_and_ends_with_done(make_stream, play):
    await sync(make_stream)("Héllo\n今天", "hello")
    played = await play("hello/events")
    assert played.status == 200
    assert played.text == "Héllo\n今天"
    assert [e.data for e in played.events[:2]] == ["H", "é"]
    last = played.events[-1]
    assert (last.event, last.data) == ("done", "[DONE]")


async def test_the_envelope_wraps_every_event(make_stream, play):
    await sync(make_stream)("ab")
    played = await play("hello/events?format=envelope")
    *messages, done = played.events
    assert [json.loads(e.data) for e in messages] == [
        {"code": 200, "message": "success", "event": {"id": e.id, "data": text}}
        for e, text in zip(messages, "ab", strict=True)
    ]
    assert (done.event, done.data) == ("done", "[DONE]")


async def test_headers_let_events_through(make_stream, play):
    await sync(make_stream)()
    headers = (await play("hello/events")).headers
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache, no-transform"
    assert headers["Content-Encoding"] == "identity"
    assert headers["X-Accel-Buffering"] == "no"
    assert "Connection" not in headers
    assert headers["X-Stream-Script"] == "hello-script"
    assert headers["X-Stream-Seed"].isdigit()
    assert len(headers["X-Stream-Run"]) == 32


async def test_the_first_bytes_carry_retry_and_no_empty_event(make_stream, play):
    await sync(make_stream)("a", retry_ms=1234)
    played = await play("hello/events")
    head, _, _ = played.body.partition(b"\n\n")
    assert head.split(b"\n")[1] == b"retry: 1234"
    assert played.events[0].retry == 1234


async def test_post_takes_json_and_forms(make_stream, play):
    await sync(make_stream)("{{ prompt }}|{{ params.x }}", rendering="template")
    as_json = await play(
        "hello/events",
        "post",
        data={"prompt": "Hi", "x": "1"},
        content_type="application/json",
    )
    as_form = await play("hello/events", "post", data={"prompt": "Hi", "x": "1"})
    as_query = await play("hello/events?prompt=Hi&x=1")
    assert [p.text for p in (as_json, as_form, as_query)] == ["Hi|1"] * 3


async def test_messages_give_the_prompt_and_the_turn(make_stream, play):
    body = "{{ turn }}: {{ prompt }} after {{ messages.0.content }}"
    await sync(make_stream)(body, rendering="template")
    messages = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    played = await play(
        "hello/events",
        "post",
        data={"messages": messages},
        content_type="application/json",
    )
    assert played.text == "2: three after one"


async def test_overrides_change_this_stream_only(make_stream, play):
    await sync(make_stream)("one two three", unit="word")
    sizes = {
        "": ["one ", "two ", "three"],
        "?chunk_size=2": ["one two ", "three"],
        "?unit=grapheme&chunk_size=7": ["one two", " three"],
        "?unit=&chunk_size=": ["one ", "two ", "three"],
    }
    for query, expected in sizes.items():
        played = await play(f"hello/events{query}")
        assert [e.data for e in played.events[:-1]] == expected


async def test_a_seed_is_reported_and_can_be_chosen(make_stream, play):
    await sync(make_stream)(jitter_percent=50, seed=7)
    assert (await play("hello/events")).headers["X-Stream-Seed"] == "7"
    assert (await play("hello/events?seed=9")).headers["X-Stream-Seed"] == "9"


async def test_head_has_the_headers_and_no_body(make_stream, play):
    await sync(make_stream)()
    played = await play("hello/events", "head")
    assert (played.status, played.body) == (200, b"")
    assert played.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (await play("nothing/events", "head")).status == 404


async def test_options_and_other_methods(make_stream, play):
    await sync(make_stream)()
    answered = await play("hello/events", "options")
    assert (answered.status, answered.body) == (204, b"")
    assert answered.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    refused = await play("hello/events", "put")
    assert refused.status == 405
    assert refused.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    assert refused.problem["detail"] == "Method PUT is not allowed: use GET or POST."


def test_under_wsgi_it_is_501_and_names_the_fix(make_stream):
    make_stream()
    response = Client().get("/streams/hello/events?format=envelope")
    assert response.status_code == 501
    assert response.json()["message"].startswith("This server runs WSGI")
    assert "uvicorn yoursite.asgi:application" in response.json()["message"]


async def test_an_edit_is_what_the_next_stream_says(make_stream, play, monkeypatch):
    """One that no signal tells of, when what was looked up is a moment old."""
    stream = await sync(make_stream)("before")
    assert (await play("hello/events")).text == "before"
    stream.script.body = "after"
    await sync(stream.script.save)()
    assert (await play("hello/events")).text == "after"
    monkeypatch.setattr(lookup, "FRESH", 0)
    await sync(lookup.forget)(using="default")
    assert (await play("hello/events")).text == "after"
    await Script.objects.aupdate(body="past save()")
    assert (await play("hello/events")).text == "past save()"


async def test_a_script_that_cannot_be_played_says_so_before_the_first_byte(
    make_stream, play
):
    await sync(make_stream)("x")
    await Script.objects.aupdate(body="\n<!-- stream: jump -->")
    played = await play("hello/events")
    assert played.status == 500
    assert played.problem["code"] == "script_error"
    assert "Line 2: unknown direction 'jump'" in played.problem["detail"]


async def test_atomic_requests_do_not_stop_it(make_stream, play, monkeypatch):
    """Django refuses async views then, unless they opt out."""
    await sync(make_stream)()
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert (await play("hello/events")).text == "Hello"


async def test_middleware_may_wrap_the_stream(make_stream, async_rf):
    """And what it wrapped is closed when the client leaves."""
    await sync(make_stream)("abcdef")
    response = await events(async_rf.get("/"), "hello")
    inner = response._frames

    async def shout(parts):
        async for part in parts:
            yield part.upper()

    response.streaming_content = shout(response.streaming_content)
    parts = aiter(response)
    assert (await anext(parts)).startswith(b": RUN")
    assert b"DATA: A" in await anext(parts)
    await parts.aclose()
    assert inner.ag_frame is None  # finished


async def test_closing_a_response_that_waits_for_its_reader_ends_the_run(
    make_stream, async_rf, caplog
):
    """Django closes the response's own iterator only."""
    await sync(make_stream)("abc", delay_ms=60_000)
    caplog.set_level("INFO", "streams.runs")
    response = await events(async_rf.get("/"), "hello")
    parts = aiter(response)
    await anext(parts)
    await parts.aclose()
    assert "cut after" in caplog.text


def test_login_required_middleware_lets_streams_decide(make_stream):
    assert events.login_required is False


def test_wsgi_requests_are_what_the_view_refuses():
    """The oracle for the 501: Django's own request class for WSGI."""
    assert RequestFactory().get("/").__class__.__name__ == "WSGIRequest"


async def test_a_site_is_told_of_every_run(make_stream, play):
    await sync(make_stream)("ab")
    told = []

    def listen(entry, call, planned, **signal):
        told.append((entry, call.prompt, planned, entry.outcome))

    called.connect(listen)
    try:
        await play("hello/events?prompt=Hi")
    finally:
        called.disconnect(listen)
    [(entry, prompt, planned, outcome)] = told
    assert (entry.stream, prompt, planned, outcome) == ("hello", "Hi", 2, "")
    assert entry.outcome == "completed"
