"""Simplified Chinese: the catalogs are whole, and the pages speak it."""

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from streams.models import Fault, Rule, Script
from tests.conftest import cannot_run

ROOT = Path(__file__).parent.parent.parent
FOLDER = "locale/zh_Hans/LC_MESSAGES"
APPS = ["streams", "streamsite"]

_STATEMENT = re.compile(r'^(msg\w+)(?:\[\d+\])? ((?:".*"\n?)+)', re.MULTILINE)
_PLACEHOLDER = re.compile(r"%\(\w+\)\d*[sd]|%%|\{\{.*?\}\}|\[\w+\]")
_TAG = re.compile(r"<[^>]+>|&\w+;")


def read_catalog(path):
    """Return a .po file's translations by (context, text, plural), and its flags."""
    translations, flags = {}, set()
    for block in path.read_text("utf-8").split("\n\n"):
        said = {}
        for keyword, quoted in _STATEMENT.findall(block):
            lines = quoted.strip().split("\n")
            said[keyword] = "".join(ast.literal_eval(line) for line in lines)
        key = (said.get("msgctxt", ""), said["msgid"], said.get("msgid_plural", ""))
        assert key not in translations
        translations[key] = said["msgstr"]
        flags.update(re.findall(r"^#, (.*)$", block, re.MULTILINE))
    return translations, flags


def messages(app):
    catalog, _ = read_catalog(ROOT / app / FOLDER / "django.po")
    return {key: text for key, text in catalog.items() if key[1]}


@pytest.mark.parametrize("app", APPS)
def test_every_message_is_translated(app):
    _, flags = read_catalog(ROOT / app / FOLDER / "django.po")
    assert flags <= {"python-format"}
    assert "#~" not in (ROOT / app / FOLDER / "django.po").read_text("utf-8")
    for key, translation in messages(app).items():
        assert re.search(r"[\u4e00-\u9fff]", translation), key


@pytest.mark.parametrize("app", APPS)
def test_translations_keep_placeholders_tags_and_numbers(app):
    for (context, text, plural), translation in messages(app).items():
        for pattern in (_PLACEHOLDER, _TAG, re.compile(r"\d+")):
            kept = sorted(pattern.findall(translation))
            assert kept == sorted(pattern.findall(plural or text)), (context, text)
        assert text.startswith(" ") == translation.startswith(" ")


def test_a_text_in_both_catalogs_has_one_translation():
    ours, theirs = (messages(app) for app in APPS)
    shared = ours.keys() & theirs.keys()
    assert {key: ours[key] for key in shared} == {key: theirs[key] for key in shared}


@pytest.mark.parametrize("app", APPS)
def test_the_compiled_catalog_is_up_to_date(app):
    expected = {}
    for (context, text, plural), translation in messages(app).items():
        text = f"{context}\x04{text}" if context else text
        expected[(text, 0) if plural else text] = translation
    with (ROOT / app / FOLDER / "django.mo").open("rb") as file:
        compiled = dict(gettext.GNUTranslations(file)._catalog)
    compiled.pop("")
    assert compiled == expected, "run `make messages`"


def test_the_catalogs_hold_what_the_code_says(tmp_path):
    if not shutil.which("xgettext"):
        cannot_run("no xgettext: install GNU gettext")
    for folder in (*APPS, "templates"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "manage.py", tmp_path)
    collect = ["makemessages", "--locale", "zh_Hans", "--no-location", "--no-obsolete"]
    collected = subprocess.run(
        [sys.executable, "manage.py", *collect],
        cwd=tmp_path,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "streamsite.settings", "SECRET_KEY": "x"},
        capture_output=True,
        text=True,
    )
    assert collected.returncode == 0, collected.stdout + collected.stderr
    for app in APPS:
        found, _ = read_catalog(tmp_path / app / FOLDER / "django.po")
        assert found.keys() - {("", "", "")} == messages(app).keys(), (
            "run `make messages` and translate"
        )


# Pages


class Visible(HTMLParser):
    """Collect what a page shows or reads out, code aside."""

    SILENT = ("script", "style", "code", "pre", "kbd")

    def __init__(self):
        super().__init__()
        self.texts = []
        self._silent = 0
        self._code = ""

    def handle_starttag(self, tag, attrs):
        self._silent += tag in self.SILENT
        attributes = dict(attrs)
        if attributes.get("translate") == "no":
            self._code = tag
        spoken = ["title", "alt", "label", "placeholder", "aria-label"]
        if tag == "input" and attributes.get("type") == "submit":
            spoken.append("value")
        if attributes.get("role") == "status":
            spoken += [name for name in attributes if name.startswith("data-")]
        self.texts += [attributes.get(name) or "" for name in spoken]

    def handle_endtag(self, tag):
        self._silent -= tag in self.SILENT
        if tag == self._code:
            self._code = ""

    def handle_data(self, data):
        if not self._silent and not self._code:
            self.texts.append(" ".join(data.split()))


# A caption of Django's that its own catalog lacks, and values of `finish`.
ENGLISH_ANYWAY = ("Model name", "stop、length", "否则为 stop")


@cache
def pieces_of_ours():
    """Return the pieces of our English texts, and how a page would show each."""
    pieces = {
        piece.strip(" .,:;“”()")
        for _, *texts in messages("streams")
        for text in texts
        for part in _PLACEHOLDER.split(text)
        for piece in _TAG.split(part)
    }
    # The admin makes first letters large; "?speed=", "name=value" and "X-Stream-Seed"
    # stay.
    return {
        piece: re.compile(
            rf"(?<![\w?=\[-])(?i:{re.escape(piece[0])}){re.escape(piece[1:])}(?![\w-])"
        )
        for piece in pieces
        if len(re.findall("[a-zA-Z]", piece)) > 3
    }


def english_of_ours(page):
    """Return which pieces of our English texts a page shows."""
    visible = Visible()
    visible.feed(page)
    shown = "\n".join(visible.texts)
    for words in ENGLISH_ANYWAY:
        shown = shown.replace(words, "")
    return {
        piece
        for piece, pattern in pieces_of_ours().items()
        if piece[1:] in shown and pattern.search(shown)
    }


@pytest.fixture
def read(client):
    """Return a function that reads all the pages in a language."""

    def read(language):
        script = Script.objects.get(slug="a1-script")
        paths = ["/streams/", "/streams/a1/", "/streams/a2/", "/admin/"]
        stream = script.streams.get()
        paths.append(reverse("admin:streams_stream_explain", args=[stream.pk]))
        for model, pk in (("script", script.pk), ("stream", stream.pk)):
            address = f"admin:streams_{model}"
            paths.append(reverse(f"{address}_import"))
            paths.append(reverse(f"{address}_changelist"))
            paths.append(reverse(f"{address}_add"))
            paths.append(reverse(f"{address}_change", args=[pk]))
            paths.append(reverse(f"{address}_history", args=[pk]))
        revisions = reverse("admin:streams_script_revisions", args=[script.pk])
        paths += [revisions, *(f"{revisions}{number}/" for number in (1, 2, 3))]
        pages = {}
        for path in paths:
            response = client.get(path, headers={"accept-language": language})
            assert response.status_code == 200, path
            pages[path] = response.content.decode()
        return pages

    return read


@pytest.fixture
def publisher(client, db):
    """Sign in somebody who may do everything, and is not called "admin"."""
    user = User.objects.create(username="mei", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def content(publisher, make_stream):
    """Two streams, a rule, a fault and a script with three revisions, all Chinese."""
    stream = make_stream("潮水", "a1", title="潮汐", tags="一", notes="备注")
    fault = Fault.objects.create(stream=stream, title="断", after_event=1)
    Rule.objects.create(stream=stream, title="潮", prompt_text="潮", fault=fault)
    Rule.objects.create(stream=stream, title="其余", enabled=False)
    make_stream("草", "a2", title="青草", published=False, unit="sentence")
    script = stream.script
    script.title = "潮汐"
    script.body = "潮水\n涨了"
    script.save(author=publisher, reason="加一句")
    script.rendering = "template"
    script.save(author=publisher)
    Script.objects.exclude(pk=script.pk).update(title="草")
    return stream


def test_the_pages_say_everything_in_chinese(read, content):
    in_english, in_chinese = read("en"), read("zh-CN,zh;q=0.9,en;q=0.5")
    # What is looked for is there to be found.
    there = set().union(*(english_of_ours(page) for page in in_english.values()))
    assert {"Play", "highest speed", "The text is the same", "Connecting"} <= there
    assert all('lang="zh-hans"' in page for page in in_chinese.values())
    left = {path: english_of_ours(page) for path, page in in_chinese.items()}
    assert not {path: pieces for path, pieces in left.items() if pieces}


def test_an_empty_playground_says_so_in_chinese(client, publisher):
    headers = {"accept-language": "zh-hans"}
    page = client.get("/streams/", headers=headers).content.decode()
    assert "还没有已发布的流。" in page
    assert not english_of_ours(page)


@pytest.mark.parametrize("action", ["publish", "unpublish", "duplicate_selected"])
def test_what_an_action_did_is_told_in_chinese(client, content, action):
    page = client.post(
        reverse("admin:streams_stream_changelist"),
        {"action": action, "_selected_action": [content.pk]},
        headers={"accept-language": "zh-hans"},
        follow=True,
    ).content.decode()
    assert '<li class="success">已' in page
    assert not english_of_ours(page)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["1 sentence / 30 ms", "1 word / 100 ms", "2.9 s"]),
        ("zh-hans", ["1 个句子 / 30 毫秒", "1 个单词 / 100 毫秒", "2.9 秒"]),
    ],
)
def test_the_list_tells_pace_and_duration(
    client, publisher, make_stream, language, said
):
    make_stream("one", "pace", unit="sentence", delay_ms=30)
    make_stream("word " * 30, unit="word", delay_ms=100)
    url = reverse("admin:streams_stream_changelist")
    page = client.get(url, headers={"accept-language": language}).content.decode()
    page = page.replace("\N{NO-BREAK SPACE}", " ")
    assert [text for text in said if text not in page] == []
