"""The admin, as its users meet it: through requests."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from streams.admin.differences import difference
from streams.core.vocabulary import DIRECTIONS
from streams.models import Fault, Run, Script, Stream, Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    """Sign in somebody who may view, add and change, but not publish."""
    user = User.objects.create(username="mei", is_staff=True)
    names = [
        f"{verb}_{model}"
        for verb in ("view", "add", "change")
        for model in ("script", "stream")
    ]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return user


def form(body="Hello", **changes):
    fields = {"title": "S", "slug": "s", "body": body, "rendering": "literal"}
    return fields | {"reason": "", "tags": "", "notes": ""} | changes


def page(client, name, *args, **query):
    response = client.get(reverse(f"admin:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_an_edit_is_saved_with_its_author_and_reason(client, editor):
    client.post(reverse("admin:streams_script_add"), form("one"))
    script = Script.objects.get()
    url = reverse("admin:streams_script_change", args=[script.pk])
    assert client.post(url, form("two", reason="Clearer")).status_code == 302
    last = script.revisions.first()
    assert (last.number, last.body, last.author, last.reason) == (
        2,
        "two",
        editor,
        "Clearer",
    )


def test_a_body_keeps_its_spaces_and_gets_lf(client, editor):
    client.post(reverse("admin:streams_script_add"), form("  a \r\nb\rc\n\n"))
    assert Script.objects.get().body == "  a \nb\nc\n\n"


def test_an_error_names_the_line_and_loses_no_text(client, editor):
    body = "Dear reader,\n<!-- stream: pause 2 sec -->\n"
    response = client.post(reverse("admin:streams_script_add"), form(body))
    text = response.content.decode()
    assert "Line 2: &#x27;pause 2 sec&#x27; has no duration" in text
    assert "Dear reader,\n&lt;!-- stream: pause 2 sec --&gt;\n</textarea>" in text
    assert not Script.objects.exists()


def test_lists_show_what_a_person_looks_for(client, admin_user, make_stream):
    client.force_login(admin_user)
    make_stream("word " * 30, unit="word", delay_ms=100, tags="demo, long")
    make_stream("x", "draft", published=False, tags="demo")
    text = page(client, "streams_stream_changelist")
    assert "2.9\N{NO-BREAK SPACE}s" in text
    assert reverse("streams:stream", args=["hello"]) in text
    assert "draft" not in page(
        client, "streams_stream_changelist", published__exact=1, q="hello"
    )
    Fault.objects.create(stream=Stream.objects.get(slug="draft"), kind="drop")
    faulty = page(client, "streams_stream_changelist", faulty="yes")
    assert (">Hello<" in faulty, ">Draft<" in faulty) == (False, True)
    by_tag = page(client, "streams_stream_changelist", tag="long")
    assert (">Hello<" in by_tag, ">Draft<" in by_tag) == (True, False)


def test_scripts_can_be_found_by_what_they_say(client, admin_user, make_stream):
    client.force_login(admin_user)
    make_stream("about tides")
    Script.objects.create(slug="u", title="Unused one", body="about bread", tags="old")
    text = page(client, "streams_script_changelist", q="bread")
    assert ("Unused one" in text, "hello-script" in text) == (True, False)
    assert "Unused one" in page(client, "streams_script_changelist", used="no")
    assert "Unused one" not in page(client, "streams_script_changelist", used="yes")
    assert "Unused one" in page(client, "streams_script_changelist", tag="old")


def test_a_list_of_broken_scripts_is_still_a_list(client, admin_user, make_stream):
    client.force_login(admin_user)
    make_stream()
    Script.objects.update(body="<!-- stream: jump -->")
    assert "Hello" in page(client, "streams_stream_changelist")
    assert "cannot be played" in page(
        client, "streams_stream_change", Stream.objects.get().pk
    )


@pytest.mark.parametrize("model", ["script", "stream"])
def test_duplicate_makes_a_copy_that_is_a_draft(client, editor, make_stream, model):
    stream = make_stream("text")
    original = stream if model == "stream" else stream.script
    for number in ("", "-2"):
        url = reverse(f"admin:streams_{model}_duplicate", args=[original.pk])
        response = client.post(url, follow=True)
        assert "This is a copy of" in response.content.decode()
        copy = type(original).objects.get(slug=f"{original.slug}-copy{number}")
        assert copy.title == f"{original.title} (copy)"
    if model == "stream":
        assert (copy.published, copy.script) == (False, stream.script)
    else:
        assert copy.body == "text"
        assert copy.revisions.get().reason == "Copy of hello-script"
    assert client.get(url).status_code == 405


def test_duplicate_from_the_list(client, editor, make_stream):
    stream = make_stream()
    data = {"action": "duplicate_selected", "_selected_action": [stream.pk]}
    response = client.post(
        reverse("admin:streams_stream_changelist"), data, follow=True
    )
    assert "1 copy made." in response.content.decode()
    assert Stream.objects.filter(slug="hello-copy", published=False).exists()


def test_publishing_needs_its_permission(client, editor, make_stream):
    stream = make_stream(published=False)
    listing = reverse("admin:streams_stream_changelist")
    assert "Publish selected" not in page(client, "streams_stream_changelist")
    data = {"action": "publish", "_selected_action": [stream.pk]}
    client.post(listing, data)
    assert not Stream.objects.get().published
    assert 'name="published"' not in page(client, "streams_stream_change", stream.pk)

    editor.user_permissions.add(Permission.objects.get(codename="publish_stream"))
    assert 'name="published"' in page(client, "streams_stream_change", stream.pk)
    assert (
        "1 stream published."
        in client.post(listing, data, follow=True).content.decode()
    )
    assert Stream.objects.get().published
    data["action"] = "unpublish"
    assert (
        "1 stream unpublished."
        in client.post(listing, data, follow=True).content.decode()
    )
    assert not Stream.objects.get().published


def test_an_editor_cannot_publish_by_way_of_a_published_stream(
    client, editor, make_stream
):
    stream = make_stream(access="permission")
    Script.objects.create(slug="secret", title="Secret", body="secret")
    text = page(client, "streams_stream_change", stream.pk)
    assert ('name="script"' in text, 'name="access"' in text) == (False, False)
    draft = make_stream("x", "draft", published=False)
    assert 'name="script"' in page(client, "streams_stream_change", draft.pk)


def test_revisions_are_listed_compared_and_restored(client, editor):
    script = Script.objects.create(slug="s", title="S", body="same\nold\n")
    script.body = "same\nnew <b>\n"
    script.save(author=editor, reason="Newer")
    listing = page(client, "streams_script_revisions", script.pk)
    assert "Newer" in listing
    assert "2 (current)" in listing

    compared = page(client, "streams_script_revision", script.pk, 2)
    assert '<span class="mark">−</span>old' in compared
    assert '<span class="mark">+</span>new &lt;b&gt;' in compared
    assert "Restore revision 1" in compared
    assert "Restore revision 2" not in compared

    url = reverse("admin:streams_script_restore", args=[script.pk, 1])
    assert client.get(url).status_code == 405
    response = client.post(url, follow=True)
    assert "Revision 1 is restored, as revision 3." in response.content.decode()
    script.refresh_from_db()
    assert script.body == "same\nold\n"
    last = script.revisions.first()
    assert (last.number, last.author, last.reason) == (3, editor, "Restored revision 1")


def test_a_change_of_rendering_shows(client, editor):
    script = Script.objects.create(slug="s", title="S", body="x")
    script.rendering = "template"
    script.save()
    text = page(client, "streams_script_revision", script.pk, 2)
    assert "Rendering changed from “Literal” to “Template”." in text
    assert "The text is the same." in text


def test_any_two_revisions_can_be_compared(client, editor):
    script = Script.objects.create(slug="s", title="S", body="a")
    for body in ("b", "c"):
        script.body = body
        script.save()
    url = reverse("admin:streams_script_revision", args=[script.pk, 3])
    assert (
        "From revision 1 to revision 3"
        in client.get(url, {"against": 1}).content.decode()
    )
    assert client.get(url, {"against": 99}).status_code == 404
    assert client.get(url, {"against": "x"}).status_code == 200
    assert (
        client.get(reverse("admin:streams_script_revisions", args=[0])).status_code
        == 404
    )


def test_a_viewer_may_look_and_not_touch(client, editor, make_stream):
    stream = make_stream()
    script = stream.script
    script.body = "other"
    script.save()
    names = ["view_script", "view_stream"]
    editor.user_permissions.set(Permission.objects.filter(codename__in=names))
    assert "Restore" not in page(client, "streams_script_revision", script.pk, 2)
    assert 'name="body"' not in page(client, "streams_script_change", script.pk)
    for model, pk in (("script", script.pk), ("stream", stream.pk)):
        url = reverse(f"admin:streams_{model}_duplicate", args=[pk])
        assert client.post(url).status_code == 403
    url = reverse("admin:streams_script_restore", args=[script.pk, 1])
    assert client.post(url).status_code == 403


def test_who_may_not_read_may_not_copy(client, make_stream):
    stream = make_stream()
    user = User.objects.create(username="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="add_stream"))
    client.force_login(user)
    url = reverse("admin:streams_stream_duplicate", args=[stream.pk])
    assert client.post(url).status_code == 403
    assert Stream.objects.count() == 1


def test_the_list_of_scripts_leaves_their_bodies_in_the_database(
    client, admin_user, django_assert_max_num_queries
):
    client.force_login(admin_user)
    Script.objects.create(slug="s", title="S", body="a long text")
    with django_assert_max_num_queries(12) as queries:
        page(client, "streams_script_changelist")
    listing = [
        q["sql"]
        for q in queries.captured_queries
        if "LIMIT" in q["sql"] or "ORDER BY" in q["sql"]
    ]
    assert not any('"streams_script"."body",' in sql for sql in listing)


def test_outsiders_see_no_revisions(client, make_stream):
    script = make_stream().script
    url = reverse("admin:streams_script_revisions", args=[script.pk])
    assert client.get(url).status_code == 302
    client.force_login(User.objects.create(username="x", is_staff=True))
    assert client.get(url).status_code == 403


def test_difference_keeps_line_separators_of_other_kinds_inside_their_line():
    changed = difference("a\u2028b\nc", "a\u2028b\nd")
    assert [(line.mark, line.text) for line in changed if line.mark != "@"] == [
        (" ", "a\u2028b"),
        ("-", "c"),
        ("+", "d"),
    ]


EMIT = r"<!-- stream: emit \xff -->"


def test_an_error_marks_its_line_in_the_form(client, editor):
    response = client.post(
        reverse("admin:streams_script_add"), form("100%\n<!-- stream: puase 1s -->")
    )
    text = response.content.decode()
    assert 'data-error-line="2"' in text
    assert "unknown direction &#x27;puase&#x27;: did you mean `pause`?" in text
    assert "data-error-line" not in page(client, "streams_script_add")


def test_the_form_lists_every_direction_with_its_help(client, editor):
    text = unescape(page(client, "streams_script_add"))
    for kind in DIRECTIONS:
        assert f"<dt><code>{kind.example}</code></dt>\n<dd>{kind.help}</dd>" in text
        assert f'value="{kind.opening}"' in text


def test_who_may_not_emit_bytes_cannot_write_a_script_that_does(client, editor):
    url = reverse("admin:streams_script_add")
    text = client.post(url, form(f"a\n{EMIT}")).content.decode()
    assert "Line 2: `emit` sends bytes as they are, and you lack" in text
    assert "streams.emit_bytes" in text
    assert 'data-error-line="2"' in text
    assert not Script.objects.exists()

    permission = Permission.objects.get(codename="emit_bytes")
    editor.user_permissions.add(permission)
    assert client.post(url, form(f"a\n{EMIT}")).status_code == 302
    editor.user_permissions.remove(permission)

    # What others wrote stays when the text around it changes, and no more comes in.
    script = Script.objects.get()
    url = reverse("admin:streams_script_change", args=[script.pk])
    assert client.post(url, form(f"b\n{EMIT}")).status_code == 302
    assert client.post(url, form(f"b\n{EMIT}{EMIT}")).status_code == 200
    assert client.post(url, form("b")).status_code == 302
    restore = reverse("admin:streams_script_restore", args=[script.pk, 1])
    answer = client.post(restore, follow=True).content.decode()
    assert "Line 2: `emit` sends bytes as they are" in answer
    script.refresh_from_db()
    assert script.body == "b"


def test_directions_stand_out_in_a_difference(client, editor):
    script = Script.objects.create(
        slug="s", title="S", body="a <!-- stream: hold --> b"
    )
    text = page(client, "streams_script_revision", script.pk, 1)
    assert 'a <mark class="direction">&lt;!-- stream: hold --&gt;</mark> b' in text


def test_a_save_can_be_undone_and_that_too(client, editor):
    script = Script.objects.create(slug="s", title="S", body="one")
    change = reverse("admin:streams_script_change", args=[script.pk])

    def undo():
        """Return where the button of the page's message leads, if there is one."""
        found = re.search(r'<form method="post" action="([^"]+)" class="undo">', text)
        return found and found[1]

    def press():
        answer = client.post(undo(), follow=True).content.decode()
        script.refresh_from_db()
        return answer

    # Nothing of it is a revision's, so there is nothing to undo.
    text = client.post(change, form("one", title="T"), follow=True).content.decode()
    assert "was changed successfully" in text
    assert undo() is None

    data = form("two", _continue="Save")
    text = client.post(change, data, follow=True).content.decode()
    assert "Saved as revision 2." in text
    assert client.get(undo()).status_code == 405
    text = press()
    assert "Revision 2 is undone: the text is that of revision 1 again." in text
    assert (script.body, script.revisions.first().reason) == ("one", "Undid revision 2")
    text = press()
    assert "Revision 3 is undone" in text
    assert script.body == "two"

    # What somebody else has saved since is not lost by it.
    script.body = "three"
    script.save()
    text = press()
    assert "Nothing is undone: since revision 4, revision 5 was saved." in text
    compare = reverse("admin:streams_script_revision", args=[script.pk, 5])
    assert f'href="{compare}?against=4"' in text
    assert script.body == "three"
    first = reverse("admin:streams_script_undo", args=[script.pk, 1])
    assert client.post(first).status_code == 404

    url = reverse("admin:streams_script_undo", args=[script.pk, 5])
    editor.user_permissions.set(Permission.objects.filter(codename="view_script"))
    assert client.post(url).status_code == 403


def test_a_restored_revision_can_be_undone_with_the_token_of_its_page(client, editor):
    script = Script.objects.create(slug="s", title="S", body="one")
    script.body = "two"
    script.save()
    client.handler.enforce_csrf_checks = True
    token = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
    text = page(client, "streams_script_revision", script.pk, 1)
    url = reverse("admin:streams_script_restore", args=[script.pk, 1])
    data = {"csrfmiddlewaretoken": token.search(text)[1]}
    text = client.post(url, data, follow=True).content.decode()
    button = text[text.index('class="undo"') :]
    url = reverse("admin:streams_script_undo", args=[script.pk, 3])
    assert client.post(url).status_code == 403
    client.post(url, {"csrfmiddlewaretoken": token.search(button)[1]})
    script.refresh_from_db()
    assert script.body == "two"


def test_the_list_of_streams_tells_of_their_runs(client, admin_user, make_stream):
    now = timezone.now()
    worker = Worker.objects.create(
        name="web:1:0", host="web", pid=1, started=now, last_seen=now
    )

    def play(slug, minutes, outcome):
        Run.objects.create(
            worker=worker,
            number=Run.objects.count(),
            stream=slug,
            seed=1,
            started=now - timedelta(minutes=minutes),
            outcome=outcome,
        )

    client.force_login(admin_user)
    counts = []
    for number in range(2, 32, 10):
        for slug in (f"s{number + n}" for n in range(10)):
            make_stream(slug=slug)
            play(slug, 7, "completed")
            play(slug, 5, "")
        with CaptureQueriesContext(connection) as queries:
            page(client, "streams_stream_changelist")
        counts.append(len(queries))
    assert counts[1] == counts[2]

    make_stream(slug="quiet")
    play("s2", 2, "")
    text = page(client, "streams_stream_changelist", q="s2")
    row = text[text.index(">S2<") :].partition("</tr>")[0]
    assert '?stream=s2&amp;state=playing">2</a>' in row
    assert "2\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}ago" in row
    text = page(client, "streams_stream_changelist", q="quiet")
    assert text.count(">–</td>") == 2


def test_one_entry_is_exported_from_its_form(client, editor, make_stream):
    stream = make_stream("text")
    for model, pk in (("script", stream.script_id), ("stream", stream.pk)):
        url = reverse(f"admin:streams_{model}_export", args=[pk])
        assert url in page(client, f"streams_{model}_change", pk)
        chosen = {"action": "export_selected", "_selected_action": [pk]}
        listed = client.post(reverse(f"admin:streams_{model}_changelist"), chosen)
        answer = client.get(url)
        assert answer.headers["Content-Disposition"].startswith("attachment; ")
        assert answer.content == listed.content
        assert answer.headers["Content-Type"] == listed.headers["Content-Type"]
        assert client.get(url.replace(str(pk), "999")).status_code == 404
    editor.user_permissions.clear()
    assert client.get(url).status_code == 403
