"""Export and import in the admin: through requests, with what each user may."""

import io
import re
import zipfile
from html import unescape
from random import Random

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from streams.models import Fault, Script, Stream
from streams.porting import sources
from tests.app.rules import make_rule, make_script

pytestmark = pytest.mark.django_db

EDITOR = [
    f"{verb}_{model}"
    for verb in ("view", "add", "change")
    for model in ("script", "stream")
]


def sign_in(client, *permissions, name="mei"):
    user = User.objects.create(username=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return user


def zipped(files, **options):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def page(client, model="script"):
    return reverse(f"admin:streams_{model}_import")


def look(client, files, model="script"):
    """Upload files, a dict for a zip of them; return the page in plain words."""
    if isinstance(files, dict):
        files = [("all.zip", zipped(files))]
    uploads = [SimpleUploadedFile(name, data) for name, data in files]
    response = client.post(page(client, model), {"upload": uploads})
    assert response.status_code == 200
    return response.content.decode()


def words(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def confirm(client, html, choice="skip", model="script"):
    held = re.search(r'name="held" value="([^"]+)"', html)[1]
    data = {"held": unescape(held), "on_conflict": choice}
    return client.post(page(client, model), data)


def export(client, model, queryset):
    data = {"action": "export_selected", "_selected_action": [o.pk for o in queryset]}
    return client.post(reverse(f"admin:streams_{model}_changelist"), data)


def names(response):
    return zipfile.ZipFile(io.BytesIO(response.content)).namelist()


# Export


def test_one_script_is_a_file_and_streams_are_a_zip_with_their_scripts(
    client, make_stream
):
    stream = make_stream("---\nHello ", "hello")
    make_rule(stream, "r", "other")
    sign_in(client, *EDITOR)
    response = export(client, "script", [stream.script])
    assert 'filename="hello-script.md"' in response["Content-Disposition"]
    assert response.content.endswith(b"\n---\n---\nHello ")
    assert names(export(client, "stream", [stream])) == [
        "scripts/hello-script.md",
        "scripts/other.md",
        "streams/hello.yaml",
    ]
    client.logout()
    sign_in(client, "view_stream", "change_stream", name="ann")
    response = export(client, "stream", [stream])
    # The texts are not for those who may see streams only.
    assert 'filename="hello.yaml"' in response["Content-Disposition"]


def test_the_form_leads_to_both_for_those_who_may(client, make_stream):
    script = make_stream().script
    form = f"/admin/streams/script/{script.pk}/change/"
    sign_in(client, "view_script", name="ann")
    seen = client.get(form).content.decode()
    assert ("/export/" in seen, "/script/import/" in seen) == (True, False)
    client.logout()
    sign_in(client, *EDITOR)
    assert 'href="/admin/streams/script/import/"' in client.get(form).content.decode()


def test_what_is_exported_can_be_imported_on_the_next_page(client, admin_user):
    client.force_login(admin_user)
    script = make_script("s", "Hello\n\n")
    stream = Stream.objects.create(slug="s", title="S", script=script, published=True)
    fault = Fault.objects.create(stream=stream, kind="drop", after_event=2)
    make_rule(stream, "r", "s", turns="2", fault=fault)
    exported = export(client, "stream", [stream]).content
    assert "There is nothing to import" in words(look(client, [("x.zip", exported)]))
    stream.delete()
    script.delete()
    assert confirm(client, look(client, [("x.zip", exported)])).status_code == 302
    assert export(client, "stream", Stream.objects.all()).content == exported


# Import


def test_nothing_is_written_before_it_is_confirmed(client):
    user = sign_in(client, *EDITOR)
    make_script("old", "one\n")
    files = {
        "scripts/old.md": "---\ntitle: old\n---\ntwo\n",
        "scripts/new.md": "Hello",
        "streams/new.yaml": "delay_ms: 5",
        "LICENSE": "x",
    }
    html = look(client, files)
    said = words(html)
    assert "+ New 2" in said and "± Changed 1" in said and "! Error 0" in said
    assert "body: +1 −1 line, the first at line 1" in said
    assert "− one" in said and "+ two" in said
    assert list(Script.objects.values_list("body", flat=True)) == ["one\n"]
    response = confirm(client, html, "replace")
    assert response.status_code == 302
    script = Script.objects.get(slug="old")
    last = script.revisions.first()
    assert (script.body, last.author, last.reason) == (
        "two\n",
        user,
        "Imported from scripts/old.md",
    )
    assert Stream.objects.get(slug="new").delay_ms == 5
    assert LogEntry.objects.filter(user=user).count() == 3


def test_a_mistake_is_shown_with_its_line_and_nothing_can_be_confirmed(client):
    sign_in(client, *EDITOR)
    bad = b"Hi\n<!-- stream: puase 1s -->"
    html = look(client, [("a.md", b"Hello"), ("b.md", bad)])
    assert "b.md:2 Unknown direction 'puase': did you mean `pause`?" in words(html)
    assert 'name="held"' not in html


def test_what_is_changed_may_come_in_beside_what_is_here(client):
    sign_in(client, *EDITOR)
    make_script("s", "one")
    html = look(client, [("s.md", b"two")])
    assert confirm(client, html, "rename").status_code == 302
    assert sorted(Script.objects.values_list("slug", "body")) == [
        ("s", "one"),
        ("s-2", "two"),
    ]
    assert confirm(client, html, "overwrite").status_code == 200


def test_what_changed_since_is_looked_at_again(client):
    sign_in(client, *EDITOR)
    script = make_script("s", "one")
    html = look(client, [("s.md", b"two")])
    script.body = "somebody else's"
    script.save()
    response = confirm(client, html, "replace")
    assert response.status_code == 200
    assert "something was saved here since you looked" in words(
        response.content.decode()
    )
    script.refresh_from_db()
    assert script.body == "somebody else's"
    again = confirm(client, response.content.decode(), "replace")
    assert again.status_code == 302


def test_what_one_user_looked_at_another_cannot_confirm(client, monkeypatch):
    sign_in(client, *EDITOR)
    html = look(client, [("s.md", b"two")])
    monkeypatch.setattr("streams.admin.importing.LOOKED_AT_FOR", -1)
    assert confirm(client, html).status_code == 200
    monkeypatch.undo()
    sign_in(client, *EDITOR, name="ann")
    response = confirm(client, html)
    assert "choose the files again" in words(response.content.decode())
    assert not Script.objects.exists()


# Permissions


def test_without_permission_there_is_no_page(client):
    assert client.get(page(client)).status_code == 302
    sign_in(client, "view_script", "view_stream")
    assert client.get(page(client)).status_code == 403
    listing = reverse("admin:streams_script_changelist")
    assert page(client) not in client.get(listing).content.decode()
    sign_in(client, "view_script", "add_stream", name="ann")
    assert page(client) in client.get(listing).content.decode()
    html = look(client, [("s.md", b"two")])
    assert "You lack the permission for it (streams.add_script)." in words(html)
    assert 'name="held"' not in html


PUBLISHED = {"a.md": "A", "s.yaml": "script: a\npublished: true"}


def test_who_may_not_publish_imports_drafts(client):
    sign_in(client, *EDITOR)
    html = look(client, PUBLISHED)
    assert "Comes as a draft: you may not publish." in html
    confirm(client, html)
    assert not Stream.objects.get().published
    sign_in(client, *EDITOR, "publish_stream", name="ann")
    confirm(client, look(client, PUBLISHED), "replace")
    assert Stream.objects.get().published


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("published: false", "published"),
        ("access: signed-in\npublished: true", "access"),
        ("rules: [{title: r}]\npublished: true", "rule 'r'"),
        ("script: b\npublished: true", "script"),
    ],
)
def test_what_a_published_stream_says_to_whom_is_a_publishers(client, change, what):
    sign_in(client, *EDITOR)
    Stream.objects.create(slug="s", title="S", script=make_script("a"), published=True)
    make_script("b")
    script = "" if "script" in change else "script: a\n"
    html = look(client, [("s.yaml", f"{script}{change}".encode())])
    assert f"you lack the permission to change its {what} (" in words(html)
    response = confirm(client, html, "replace")
    assert "lack the permission" in response.content.decode()
    assert Stream.objects.get().published
    # Its timing is an editor's.
    timing = b"script: a\ndelay_ms: 7\npublished: true"
    confirm(client, look(client, [("s.yaml", timing)]), "replace")
    assert Stream.objects.get().delay_ms == 7


def test_a_script_that_emits_bytes_needs_the_permission(client):
    sign_in(client, *EDITOR)
    text = rb"---\ntitle: S\n---\n<!-- stream: emit \x00 -->".replace(rb"\n", b"\n")
    html = look(client, [("s.md", text)])
    assert "s.md:4 Line 4: `emit` sends bytes as they are" in words(html)
    assert 'name="held"' not in html
    sign_in(client, *EDITOR, "emit_bytes", name="ann")
    confirm(client, look(client, [("s.md", text)]))
    sign_in(client, *EDITOR, name="bob")
    # Who may not write it may leave it in.
    more = text.replace(b"---\n<", b"---\nHi <")
    assert confirm(client, look(client, [("s.md", more)]), "replace").status_code == 302
    html = look(client, [("s.md", more + b"<!-- stream: emit a -->")])
    assert 'value="replace" disabled' in html


# Uploads that are meant to hurt

BOMB = {f"scripts/s{n}.md": b" " * sources.LARGEST_FILE for n in range(8)}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.zip", b"PK nonsense", "'a.zip' is no zip, or a broken one."),
        ("a.zip", zipped({"../a.md": b""}), "'../a.md' is a path that leads out"),
        ("a.zip", zipped({"/a.md": b""}), "'/a.md' is a path that leads out"),
        ("a.zip", zipped({"C:\\a.md": b""}), "is a path that leads out"),
        ("a.zip", zipped({"x/..\\..\\a.md": b""}), "is a path that leads out"),
        ("a.zip", zipped({"a.txt": b""}), "'a.zip' has no script (.md) and no stream"),
        ("a.zip", zipped({f"{n}.md": b"" for n in range(5001)}), "more than 5000"),
        ("a.zip", zipped(BOMB), "holds more than 50 MB."),
        ("a.zip", zipped({"a.md": b" " * 9_000_000}), "more than 8,000,000 bytes"),
        ("a.yaml", b" " * 300_000, "'a.yaml' has more than 200,000 bytes"),
        (
            "a.zip",
            zipped({f"{n}.yaml": b"#" * 200_000 for n in range(6)}),
            "These streams have 1,200,000 bytes",
        ),
        ("a.exe", b"", "'a.exe' is no .md, .yaml or .zip"),
        ("a.md", b" " * 10_000_001, "This is more than 10 MB"),
        ("a.zip", zipped({"a.md": b"abc" * 99})[:-90], "is no zip, or a broken one"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_a_hostile_upload_is_refused_in_words(client, name, content, message):
    sign_in(client, *EDITOR)
    html = look(client, [(name, content)])
    assert message in words(html)
    assert 'role="alert"' in html
    assert not Script.objects.exists()


def test_a_zip_that_lies_about_its_sizes_is_refused(client):
    sign_in(client, *EDITOR)
    honest = zipped({"a.md": b"x" * 1000})
    size = (1000).to_bytes(4, "little")
    html = look(client, [("a.zip", honest.replace(size, (10).to_bytes(4, "little")))])
    assert "cannot be read: it is broken" in words(html)


def test_what_is_too_much_for_a_page_is_left_to_the_command(client, settings):
    sign_in(client, *EDITOR)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 25_000
    noise = Random(1).randbytes(10_000).hex().encode()
    html = look(client, [("a.md", noise)])
    assert "use `manage.py streams import`" in words(html)
