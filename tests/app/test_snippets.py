"""Programs that play a stream: what stands in them, and where they are to be had.

That they run, each with its own client, tests/clients/test_snippets.py shows.
"""

import ast
import json
import re
import shlex
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from streams.exceptions import Problem
from streams.formats.call import Call
from streams.models import Stream
from streams.snippets import names, snippet
from streams.snippets.quoting import python_lines

pytestmark = pytest.mark.django_db

HOSTILE = [
    "'",
    '"""',
    "\\",
    "\\'; rm -rf ~ #",
    "$(id) `id` ${x}",
    "{{ slug }} {% now %}",
    "</script><script>",
    "a\r\nb\0\x7f\x85\u2028\u202e\ufeff\U000e0001\U0001f468\u200d\U0001f469",
    "\\u0027 %s \\N{DIGIT ONE}",
]


class Scripts(HTMLParser):
    """What the scripts of a page hold."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self._inside = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self._inside = tag == "script"
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "script"

    def handle_data(self, data):
        if self._inside:
            self.found[-1] += data


def texts_in(name, program):
    """Return all the texts that a program has, as its own language reads them."""
    if name == "pytest" or name.endswith("python"):
        nodes = ast.walk(ast.parse(program))
        return [node.value for node in nodes if isinstance(node, ast.Constant)]
    if name.startswith("curl"):
        words = shlex.split(program, comments=True)
        assert words[0] == "curl"
        body = json.loads(words[words.index("-d") + 1])
        said = [message["content"] for message in body.get("messages", [])]
        return [*said, *body.values()]
    if name == "eventsource":
        [program] = Scripts(program).found
    # Nothing of JavaScript that is not JSON stands between double quotes here.
    strings = [json.loads(text) for text in re.findall(r'"(?:[^"\\\n]|\\.)*"', program)]
    queries = [urlsplit(text).query for text in strings if text.startswith("http")]
    return strings + [text for q in queries for text in parse_qs(q).get("prompt", [])]


def all_examples(test):
    for text in HOSTILE:
        test = example(text)(test)
    return test


# One stream does for all of them.
@settings(
    deadline=None,
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@all_examples
@given(prompt=st.text(min_size=1, max_size=50))
def test_every_program_says_exactly_the_prompt_and_hides_nothing(make_stream, prompt):
    stream = Stream.objects.filter(slug="hello").first() or make_stream()
    call = Call(prompt=prompt, overrides={"speed": "2.50", "seed": "007"})
    for name in names():
        program = snippet(name, stream, call, "https://example.org")
        assert prompt in texts_in(name, program), name
        unseen = {c for c in program if not c.isprintable()} - {*"\n\u200c\u200d"}
        assert not unseen, name


@given(st.text())
def test_a_text_of_many_lines_is_a_text_in_python(text):
    assert ast.literal_eval(python_lines(text)) == text


def test_what_utf8_cannot_encode_is_replaced(make_stream):
    program = snippet("fetch", make_stream(), Call(prompt="a\ud800"), "http://x")
    assert '"a\N{REPLACEMENT CHARACTER}"' in program


def test_numbers_are_numbers_and_each_client_is_asked_in_its_own_way(make_stream):
    stream = make_stream(allow_faults=True)
    call = Call(
        overrides={"speed": "2.50", "seed": "007", "fault": "drop:3, stall:1:2s"},
        session="it's",
    )

    def program(name):
        return snippet(name, stream, call, "https://example.org/")

    assert program("curl") == (
        "curl -N 'https://example.org/streams/hello/events"
        "?speed=2.5&seed=7&fault=drop%3A3%2Cstall%3A1%3A2s&session=it%27s'\n"
    )
    assert (
        '{ prompt: "Hello", speed: 2.5, seed: 7, fault: "drop:3,stall:1:2s",'
        ' session: "it\'s" }'
    ) in program("fetch")
    python = program("openai-python")
    for line in ('"X-Stream-Speed": "2.5",', '"X-Stream-Session": "it\'s",'):
        assert line in python
    assert "-H 'X-Stream-Session: it'\"'\"'s'" in program("curl-openai")


def test_a_test_brings_the_answer_with_its_settings(make_stream):
    stream = make_stream(
        'Look:\n<!-- stream: tool find {"a": 1} -->\n<!-- stream: pause 2s -->Done.',
        unit="word",
        delay_ms=40,
        max_speed=50,
        allow_faults=True,
    )
    asked = Call(overrides={"speed": "20", "fault": "stall:1:5s", "seed": "3"})
    program = snippet("pytest", stream, asked, "http://x")

    brought, *_rest = [
        ast.literal_eval(node.value)
        for node in ast.parse(program).body
        if isinstance(node, ast.Assign)
    ]
    # The same, but for the time that it takes.
    assert brought == 'Look:\n<!-- stream: tool find {"a":1} -->\nDone.'
    for line in ('unit="word"', "delay_ms=40", "seed=3", "max_speed=20.0"):
        assert f"        {line},\n" in program
    assert '"X-Stream-Speed": "20"' in program
    assert 'fault="stall:1:5s"' in program
    held = Call(overrides={"hold_after": "1"})
    with pytest.raises(Problem, match=r"hold_after=1.*would wait for ever"):
        snippet("pytest", stream, held, "http://x")
    with pytest.raises(Problem, match=r"21,000 characters, and a test brings 20,000"):
        snippet("pytest", make_stream("x" * 21_000, "long"), Call(), "http://x")


def test_an_eventsource_says_no_more_than_an_address_can(make_stream):
    with pytest.raises(Problem, match="servers take 8,000 or so"):
        snippet("eventsource", make_stream(), Call(prompt="今" * 1000), "http://x")


def test_what_a_stream_needs_is_said(make_stream):
    draft = make_stream(slug="draft", published=False, access="signed-in")
    for name in names():
        program = snippet(name, draft, Call(), "http://x")
        if name != "pytest":  # which needs neither
            assert "draft: publish it" in program, name
            assert ("STREAMS_API_KEY" in program) == (name != "eventsource"), name


def test_they_are_to_be_had_as_text_and_said_to_be_wrong_as_of_the_stream(make_stream):
    stream = make_stream(access="signed-in")
    client = Client(enforce_csrf_checks=True)
    url = "/streams/hello/snippets/fetch"
    assert client.get(url).status_code == 401
    client.force_login(User.objects.create(username="mei"))
    asked = {"prompt": "今天", "speed": "2"}
    response = client.post(url, json.dumps(asked), content_type="application/json")
    call = Call(prompt="今天", overrides={"speed": "2"})
    assert response.content.decode() == snippet(
        "fetch", stream, call, "http://testserver"
    )
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert client.get(url, asked).content == response.content

    def problem(path):
        response = client.get(path)
        return response.status_code, response.json()["detail"]

    assert problem(f"{url}?speed=50") == (
        400,
        "`speed=50` is above this stream's limit 10.",
    )
    assert problem(f"{url}?sped=2")[0] == 400
    status, said = problem("/streams/hello/snippets/fetsh")
    assert status == 404
    assert "'fetsh'" in said
    assert "fetch" in said
    assert problem("/streams/helo/snippets/fetch")[0] == 404
    with override_settings(STREAMS={"PLAYGROUND": "off"}):
        assert client.get(url).status_code == 404


def test_the_page_has_one_without_javascript(client, make_stream):
    text = client.get(f"/streams/{make_stream().slug}/").content.decode()
    assert "curl -N &#x27;http://testserver/streams/hello/events&#x27;\n</pre>" in text
    for name in names():
        assert f"<option>{name}</option>" in text


def test_the_page_of_a_script_that_cannot_be_played_says_so(client, make_stream):
    make_stream("<!-- stream: puase 1s -->")
    response = client.get("/streams/hello/")
    assert response.status_code == 200
    said = response.content.decode()
    assert "of stream &#x27;hello&#x27; cannot be played: Line 1: " in said
