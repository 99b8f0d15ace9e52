"""The preview of a form in the admin: it plays what nobody has saved, and saves nothing.

And the form that tells its user when somebody else was faster.
"""

import json
import re

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.core import serializers
from django.urls import reverse
from django.utils.html import escape

from streams.admin import rehearsal
from streams.models import Fault, Script, Stream
from tests.oracles import read_events, spoken

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor():
    """Somebody who may change scripts and streams, but not add or publish them."""
    return make_user("mei", "change_script", "change_stream", "view_stream")


def make_user(name, *permissions):
    user = User.objects.create(username=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def script_form(body, **changes):
    fields = {"title": "S", "slug": "s", "body": body, "rendering": "literal"}
    return fields | {"reason": "", "tags": "", "notes": ""} | changes


def stream_form(stream, *faults, **changes):
    names = (
        "title slug script unit chunk_size delay_ms jitter_percent ttft_ms seed"
        " max_speed retry_ms heartbeat_s max_concurrent max_duration_s max_bytes"
        " hold_after tags notes"
    )
    values = {name: stream.serializable_value(name) for name in names.split()}
    forms = {
        "rules-TOTAL_FORMS": 0,
        "rules-INITIAL_FORMS": 0,
        "faults-TOTAL_FORMS": len(faults),
        "faults-INITIAL_FORMS": 0,
    }
    for number, fault in enumerate(faults):
        common = {"order": 0, "enabled": "on", "chance_percent": 100}
        for name, value in (common | fault).items():
            forms[f"faults-{number}-{name}"] = value
    filled = {name: "" if value is None else value for name, value in values.items()}
    return filled | forms | changes


@pytest.fixture
def preview(async_client, editor):
    """Return a function that posts a form and returns what the page gets of it."""

    async def ask(url, data, user):
        await async_client.aforce_login(user)
        response = await async_client.post(url, data)
        if not response.streaming:
            return response, b""
        return response, b"".join([part async for part in response.streaming_content])

    def preview(what, pk, data, user=editor):
        name = f"admin:streams_{what}_preview{'' if pk else '_new'}"
        url = reverse(name, args=[pk] if pk else [])
        response, body = async_to_sync(ask)(url, data, user)
        if response.streaming:
            facts = json.loads(response.headers["X-Stream-Preview"])
        elif response.status_code == 200:
            facts = response.json()
        else:
            facts = None
        return response, facts, body

    return preview


def everything():
    """Return all that the database holds, but for who is signed in."""
    models = [m for m in apps.get_models() if m._meta.label != "sessions.Session"]
    rows = [row for model in models for row in model.objects.order_by("pk")]
    text = serializers.serialize("json", rows)
    return re.sub(r'"last_login": [^,]*,', "", text)


def test_unsaved_values_play_and_nothing_is_stored(preview, make_stream, editor):
    stream = make_stream("Saved text", delay_ms=60_000)
    before = everything()
    data = script_form("Hello <!-- stream: hold -->there", _preview="play")
    response, facts, body = preview("script", stream.script_id, data)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Content-Encoding"] == "identity"
    assert spoken(body) == "Hello there"
    assert read_events(body)[-1].event == "done"

    fault = {"kind": "error", "after_event": 2, "error_type": "overloaded"}
    slower = stream_form(stream, fault, delay_ms=1, unit="word", _preview="play")
    response, facts, body = preview("stream", stream.pk, slower)
    assert [event.event for event in read_events(body)] == ["message"] * 2 + ["error"]
    assert facts["line"].startswith("2 chunks · ")
    assert "error after event 2" in facts["note"]
    assert everything() == before


def test_the_line_says_what_is_then_sent(preview, make_stream, monkeypatch):
    stream = make_stream("One two three four.")
    data = stream_form(stream, unit="word", delay_ms=2, ttft_ms=5, _preview="play")
    _response, facts, body = preview("stream", stream.pk, data)
    events = read_events(body)
    # Its chunks and its bytes are those that came.
    line = "{} chunks · about 0.0 s · {} bytes · first event after 5 ms"
    said = facts["line"].replace("\N{NO-BREAK SPACE}", " ")
    assert said == line.format(len(events) - 1, len(body))

    # More than is measured is reckoned from it, and a long one is cut.
    monkeypatch.setattr(rehearsal, "MOST_MEASURED", 2)
    monkeypatch.setattr(rehearsal, "MOST_SECONDS", 0.02)
    long = stream_form(stream, delay_ms=5, _preview="play")
    _response, facts, body = preview("stream", stream.pk, long)
    assert spoken(body) == "One t"
    assert "about 0.1" in facts["line"]
    assert "The preview ends here" in facts["cut"]


def test_the_line_says_what_jitter_may_make_of_it(preview, make_stream):
    stream = make_stream("a" * 100, delay_ms=100)

    def line(**changes):
        data = stream_form(stream, **changes)
        said = preview("stream", stream.pk, data)[1]["line"]
        return said.replace("\N{NO-BREAK SPACE}", " ").split(" · ")[1]

    # 99 delays of 100 ms, each with half of that either way: 2.58 × 50 ms × √(99/3).
    jittered = "about 9.9 s (9.2–10.6 s with jitter)"
    assert line(jitter_percent=50) == jittered
    assert line(jitter_percent=50, _seed=5) == jittered
    assert line(delay_ms=800, jitter_percent=50) == (
        "about 1 min 19 s (1 min 13 s–1 min 25 s with jitter)"
    )
    # Nothing that would be seen, and a seed that makes all runs alike.
    assert line(jitter_percent=1) == "about 9.9 s"
    assert "with jitter" not in line(jitter_percent=50, seed=5)
    # What a fault keeps from being sent does not stray.
    drop = stream_form(
        stream, {"kind": "drop", "after_event": 2}, jitter_percent=100, delay_ms=2000
    )
    said = preview("stream", stream.pk, drop)[1]["line"].replace("\xa0", " ")
    assert "2 chunks · about 2.0 s (0.0–4.0 s with jitter)" in said


def test_a_revision_plays_whatever_the_script_says_now(
    preview, make_stream, async_client, client
):
    script = make_stream("One {{ prompt }}", delay_ms=60_000).script
    script.body, script.rendering = "Hi {{ prompt }}", "template"
    script.save()
    script.body, script.rendering = "Three", "literal"
    script.save()
    viewer = make_user("vera", "view_script", "view_stream")
    before = everything()

    async def ask(number, **data):
        await async_client.aforce_login(viewer)
        name, key = "admin:streams_script_revision_preview", script.pk
        url = reverse(name, args=[key, number])
        answer = await async_client.post(url, {"_preview": "play"} | data)
        if not answer.streaming:
            return answer, b""
        return answer, b"".join([part async for part in answer.streaming_content])

    _answer, body = async_to_sync(ask)(1)
    assert spoken(body) == "One {{ prompt }}"
    answer, body = async_to_sync(ask)(2, _prompt="Ann")
    assert spoken(body) == "Hi Ann"
    assert json.loads(answer.headers["X-Stream-Preview"])["template"]
    assert async_to_sync(ask)(9)[0].status_code == 404
    # With the timing of a stream, the same revision takes its time.
    slow = {"_preview": "plan", "_stream": str(Stream.objects.get().pk)}
    assert "about 4" in async_to_sync(ask)(3, **slow)[0].json()["line"]
    assert everything() == before

    # A text that could be played once; directions have changed since.
    script.revisions.filter(number=1).update(body="<!-- stream: gone -->")
    assert "unknown direction 'gone'" in async_to_sync(ask)(1)[0].json()["note"]
    client.force_login(make_user("nobody", "view_stream"))
    url = reverse("admin:streams_script_revision_preview", args=[script.pk, 1])
    assert client.post(url).status_code == 403


def test_a_fault_that_is_a_status_is_told_not_played(preview, make_stream):
    stream = make_stream("Hello")
    rows = [{"kind": "status", "status": 503, "calls": "1"}]
    data = stream_form(stream, *rows, _preview="play")
    response, facts, _body = preview("stream", stream.pk, data)
    assert not response.streaming
    assert "status 503" in facts["note"]
    # Where it hits later calls only, the first plays.
    rows[0]["calls"] = "2-"
    data = stream_form(stream, *rows, _preview="play")
    assert spoken(preview("stream", stream.pk, data)[2]) == "Hello"


def test_a_mistake_is_named_unless_nobody_would_hear_it(preview, make_stream):
    stream = make_stream("Hello")
    data = script_form("a\n<!-- stream: puase 2s -->", title="", _preview="play")
    response, facts, _body = preview("script", stream.script_id, data)
    assert not response.streaming
    [mistake] = facts["errors"]
    assert mistake["id"] == "id_body"
    assert "Line 2: unknown direction 'puase'" in mistake["text"]
    assert facts["outdated"].endswith("fix 1 field.")

    no_title = script_form("Hello", title="", slug="", _preview="play")
    assert spoken(preview("script", stream.script_id, no_title)[2]) == "Hello"

    # What a fault lacks is a mistake of the form, too; a script's template as well.
    data = stream_form(stream, {"kind": "stall"}, delay_ms=-1)
    ids = {error["id"] for error in preview("stream", stream.pk, data)[1]["errors"]}
    assert ids == {"id_delay_ms"}
    data = stream_form(stream, {"kind": "stall"})
    ids = {error["id"] for error in preview("stream", stream.pk, data)[1]["errors"]}
    assert ids == {"id_faults-0-seconds"}


def test_a_template_hears_the_prompt_of_the_page(preview, make_stream):
    stream = make_stream("Hello")
    body = script_form("You: {{ prompt }}", rendering="template")
    data = body | {"_prompt": "Ann", "_preview": "play", "_stream": stream.pk}
    _response, facts, body = preview("script", stream.script_id, data)
    assert facts["template"]
    assert spoken(body) == "You: Ann"


def test_only_those_hear_it_who_may_save_it(
    preview, make_stream, async_client, client, editor
):
    stream = make_stream("Hello")
    script, data = stream.script, script_form("Hi", _preview="play")
    viewer = make_user("vera", "view_script", "view_stream")
    assert preview("script", script.pk, data, viewer)[0].status_code == 403
    # New ones are for those who may add.
    assert preview("script", None, data)[0].status_code == 403
    author = make_user("ann", "add_script")
    assert spoken(preview("script", None, data, author)[2]) == "Hi"
    assert preview("script", script.pk, data, author)[0].status_code == 403
    # Bytes as they are take a permission here, too.
    emitting = script_form("<!-- stream: emit x -->", _preview="play")
    assert "permission" in str(preview("script", script.pk, emitting)[1]["errors"])

    url = reverse("admin:streams_script_preview", args=[script.pk])
    assert client.post(url, data).headers["Location"].startswith("/admin/login/")
    client.force_login(editor)
    # WSGI cannot play it, and says so.
    assert "WSGI" in client.post(url, data).json()["note"]
    client.handler.enforce_csrf_checks = True
    assert client.post(url, data).status_code == 403
    # With what GET gives a page whose session was renewed.
    data["csrfmiddlewaretoken"] = client.get(url).json()["token"]
    assert client.post(url, data).status_code == 200


def test_a_second_editor_is_told_before_anything_is_lost(client, editor, make_stream):
    script = make_stream("One").script
    url = reverse("admin:streams_script_change", args=[script.pk])
    second = make_user("bo", "change_script", "view_script")

    def opened():
        found = re.search(
            r'name="_seen" value="([^"]+)"', client.get(url).content.decode()
        )
        return found[1]

    client.force_login(second)
    seen = opened()
    client.force_login(editor)
    assert client.post(url, script_form("Two", _seen=opened())).status_code == 302

    client.force_login(second)
    mine = script_form("Three, <b>mine</b>", _seen=seen)
    address = reverse("admin:streams_script_preview", args=[script.pk])
    assert client.post(address, mine).json()["changed"].startswith("mei saved this at")
    answer = client.post(url, mine)
    page = answer.content.decode()
    assert "mei saved this at" in page
    assert escape("Three, <b>mine</b>") in page
    script.refresh_from_db()
    assert script.body == "Two"

    state = re.search(r'name="_overwrite" value="([^"]+)"', page)[1]
    # A third state is not what they agreed to overwrite.
    Script.objects.get(pk=script.pk).save()
    assert client.post(url, mine | {"_overwrite": state}).status_code == 200
    state = Script.objects.get(pk=script.pk).updated.isoformat()
    assert client.post(url, mine | {"_overwrite": state}).status_code == 302
    script.refresh_from_db()
    assert script.body == "Three, <b>mine</b>"


def test_rules_keep_their_faults_to_themselves(preview, make_stream):
    stream = make_stream("Hello")
    fault = Fault.objects.create(stream=stream, kind="drop", title="d")
    stream.rules.create(title="r", fault=fault, order=1)
    values = {"id": fault.pk, "stream": stream.pk, "title": "d", "kind": "drop"}
    data = stream_form(stream, values, _preview="play") | {"faults-INITIAL_FORMS": 1}
    assert spoken(preview("stream", stream.pk, data)[2]) == "Hello"
    Stream.objects.get(pk=stream.pk).rules.all().delete()
    assert spoken(preview("stream", stream.pk, data)[2]) == ""


def test_an_entry_that_could_not_be_added_is_shown_again(client, db):
    client.force_login(User.objects.create_superuser("root"))
    form = script_form("<!-- stream: puase 1s -->\nkept")
    page = client.post(reverse("admin:streams_script_add"), form)
    assert page.status_code == 200
    assert "kept" in page.content.decode()
