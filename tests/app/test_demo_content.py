"""The demo content: complete, playable, and never overwritten."""

import pytest
from django.core.management import call_command

from streams.demo import load_demo
from streams.formats.call import Call
from streams.models import Script, Stream

pytestmark = pytest.mark.django_db

KINDS = {
    "greeting",
    "markdown-answer",
    "long-text",
    "torture",
    "slow-thinker",
    "bursty",
    "tool-call",
    "on-cue",
}


def test_every_kind_is_there_in_english_and_chinese(capsys):
    call_command("streams", "demo")
    assert "Loaded 16 streams" in capsys.readouterr().out
    slugs = set(Stream.objects.published().values_list("slug", flat=True))
    assert slugs == KINDS | {f"{kind}-zh" for kind in KINDS}
    for stream in Stream.objects.select_related("script"):
        stream.full_clean()
        stream.script.full_clean()
        assert stream.estimate().chunks > 10


def test_what_was_edited_stays(capsys):
    load_demo()
    script = Script.objects.get(slug="greeting")
    script.body = "Mine"
    script.save()
    Stream.objects.get(slug="bursty").delete()
    assert load_demo() == ["bursty"]
    script.refresh_from_db()
    assert script.body == "Mine"
    call_command("streams", "demo")
    assert "is there already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("slug", "name", "beginning"),
    [
        ("greeting", "Ann", "Hello, Ann! 👋"),
        ("greeting", "", "Hello and welcome! 👋"),
        ("greeting", "O'Neil <b>", "Hello, O'Neil <b>! 👋"),
        ("greeting-zh", "小明", "你好，小明！👋"),
    ],
)
def test_the_greeting_uses_the_name(slug, name, beginning):
    load_demo()
    script = Script.objects.get(slug=slug)
    assert script.compile(Call(params={"name": name})).text.startswith(beginning)


def test_the_slow_thinker_takes_two_seconds_to_begin():
    load_demo()
    for slug in ("slow-thinker", "slow-thinker-zh"):
        stream = Stream.objects.get(slug=slug)
        assert stream.plan(stream.script, Call(), seed=1)[0].due[0] == 2


def test_the_torture_texts_are_what_they_say():
    load_demo()
    for slug in ("torture", "torture-zh"):
        body = Script.objects.get(slug=slug).body
        for hard in (
            "\u200d",
            "\ufe0f",
            "\u0301",
            "\u2028",
            "\x85",
            "[DONE]",
            "</script>",
        ):
            assert hard in body, (slug, hard)
