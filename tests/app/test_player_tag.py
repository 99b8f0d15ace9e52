"""`{% stream_player %}`: what it writes into a page, and into whose."""

import logging
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.template import Context, Template, TemplateSyntaxError, engines
from django.test import override_settings
from django.utils import translation

from streams.embedding import LONGEST_TEXT, WORDS

pytestmark = pytest.mark.django_db

VIEW = Path(__file__).parents[2] / "streams/static/streams/player-view.js"


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


class LazyNonce:
    """A nonce as Django 6 has it: false until somebody uses it."""

    def __bool__(self):
        return False

    def __str__(self):
        return "n0nce"


@pytest.fixture
def show(rf):
    """Return a function that renders a template for a visitor."""

    def show(source, user=None, **context):
        request = rf.get("/article/")
        request.user = user or AnonymousUser()
        template = Template("{% load streams %}" + source)
        return Page(template.render(Context({"request": request, **context})))

    return show


def test_a_player_says_where_its_stream_is_and_what_without_javascript(
    show, make_stream
):
    make_stream("# Tides\n\n<script>alert('x')</script> & \"more\"")
    page = show(
        '{% stream_player "hello" prompt=prompt seed=7 speed=0.5 autoplay=True'
        ' markdown=True controls="play drop" name="Ann & Bob" %}',
        prompt='"><script>alert(1)</script>',
    )
    [player] = page.all("stream-player")
    assert player == {
        "src": "/streams/hello/events?name=Ann+%26+Bob",
        "lane": "sse",
        "aria-label": "Hello",
        "prompt": '"><script>alert(1)</script>',
        "seed": "7",
        "speed": "0.5",
        "autoplay": None,
        "markdown": None,
        "controls": "play drop",
    }
    assert page.all("script") == [
        {"type": "module", "src": "/static/streams/stream-player.js"}
    ]
    assert "# Tides\n\n<script>alert('x')</script> & \"more\"" in page.text
    assert page.all("a") == [{"href": "/streams/hello/events?name=Ann+%26+Bob"}]


def test_a_page_has_the_script_once_wherever_its_players_are(show, make_stream):
    make_stream()
    included = engines["django"].from_string(
        '{% load streams %}{% stream_player "hello" %}'
    )
    page = show(
        '{% include part %}{% stream_player "hello" lane="ws" %}'
        "{% include part only %}{% for n in numbers %}"
        '{% stream_player "hello" seed=n controls=False %}{% endfor %}',
        part=included,
        numbers=[1, 2],
    )
    players = page.all("stream-player")
    assert [player.get("seed") for player in players] == [None, None, None, "1", "2"]
    assert players[1]["src"] == "/ws/streams/hello/"
    assert ["controls" in player for player in players] == [True] * 3 + [False] * 2
    assert not any("markdown" in player for player in players)
    [script] = page.all("script")
    again = show('{% stream_player "hello" %}', csp_nonce=LazyNonce())
    assert again.all("script") == [script | {"nonce": "n0nce"}]


def test_the_text_is_what_the_caller_would_hear(show, make_stream):
    make_stream("Hello, {{ params.name }}: {{ prompt }}", rendering="template")
    page = show('{% stream_player "hello" name="Ann" prompt="why?" %}')
    assert "Hello, Ann: why?" in page.text
    make_stream("x" * 5000, "long")
    text = show('{% stream_player "long" %}').text
    assert "x" * LONGEST_TEXT + "…" in text
    make_stream("{% if %}", "broken", rendering="template")
    page = show('{% stream_player "broken" %}')
    assert page.all("stream-player")
    assert page.text == "Open the stream itself"


def test_without_a_stream_developers_see_why_and_visitors_nothing(
    show, make_stream, caplog
):
    make_stream()
    source = 'before {% stream_player "helo" %} after'
    logged = logging.getLogger("streams")
    logged.addHandler(caplog.handler)
    try:
        assert show(source).text == "before  after"
    finally:
        logged.removeHandler(caplog.handler)
    why = "No stream 'helo'. Did you mean 'hello'?"
    messages = {record.getMessage() for record in caplog.records}
    assert messages == {f"stream_player in /article/: {why}"}
    with override_settings(DEBUG=True):
        page = show(source)
    assert why in page.text
    # Seen without any CSS of ours.
    assert page.all("fieldset")
    assert not page.all("stream-player")


def test_a_draft_is_on_the_page_of_those_who_may_view_it(show, make_stream):
    make_stream("secret words", "draft", published=False)
    make_stream("for members", "inner", access="signed-in")
    source = '{% stream_player "draft" %}{% stream_player "inner" %}'
    assert show(source).text == ""
    mei = User.objects.create(username="mei")
    assert "for members" in show(source, mei).text
    assert "secret" not in show(source, mei).text
    mei.user_permissions.add(Permission.objects.get(codename="view_stream"))
    viewer = User.objects.get(pk=mei.pk)
    assert "secret words" in show(source, viewer).text
    # A template without a request has nobody who asks.
    alone = Template("{% load streams %}" + source).render(Context())
    assert alone == ""


def test_a_lane_that_is_none_is_an_error_of_the_template(show, make_stream):
    make_stream()
    with pytest.raises(TemplateSyntaxError, match="'socket'.*sse, fetch, ws"):
        show('{% stream_player "hello" lane="socket" %}')


def test_the_element_has_the_same_words_and_hears_those_it_lacks(show, make_stream):
    make_stream()
    [block] = re.findall(r"const WORDS = \{(.*?)\};", VIEW.read_text(), re.DOTALL)
    assert dict(re.findall(r'(\w+): "(.*)",', block)) == WORDS
    source = '{% stream_player "hello" lang="zh-hans" %}'
    [player] = show(source).all("stream-player")
    assert not [name for name in player if name.startswith("data-")]
    with translation.override("zh-hans"):
        [player] = show(source).all("stream-player")
    assert {name for name in player if name.startswith("data-")} == {
        f"data-{name}" for name in WORDS
    }
    assert player["data-play"] == "播放"
