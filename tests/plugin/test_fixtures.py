"""The fixtures in a project that has neither Django nor settings, in a pytest of its own."""

import os

import httpx
import openai
import pytest
from httpx_sse import connect_sse

from streams.standalone.client import StreamServerError

pytest_plugins = "pytester"


def texts(url, **headers):
    with (
        httpx.Client(trust_env=False) as client,
        connect_sse(client, "GET", url, headers=headers) as source,
    ):
        return [event.data for event in source.iter_sse() if event.event == "message"]


def test_a_project_without_django_gets_the_fixtures(pytester, monkeypatch):
    for name in ("DJANGO_SETTINGS_MODULE", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    # Its own modules, whatever their names, are not the server's.
    pytester.makepyfile(channels="raise SystemExit")
    # pytester puts the folder there.
    pytester.makeconftest("import os; del os.environ['PYTHONPATH']")
    pytester.makepyfile(
        """
        import sys

        loaded = set(sys.modules)
        import openai

        def test_retries(make_stream):
            make_stream("Hello again", fault="status:429:0", seed=1, faults=[])
            stream = make_stream(
                "Hello at last",
                faults=[{"kind": "status", "status": 500, "calls": "1-2"}],
            )
            client = openai.OpenAI()
            answer = client.chat.completions.create(
                model="gpt-9", messages=[{"role": "user", "content": "Hi"}]
            )
            assert answer.choices[0].message.content == "Hello at last"
            outcomes = [call.outcome for call in stream.calls]
            assert outcomes == ["refused on purpose"] * 2 + ["completed"]
            assert {call.prompt for call in stream.calls} == {"Hi"}
            stream.assert_complete()
            assert "django" not in sys.modules
            assert "streams.pytest_plugin" in loaded
            assert "streams.standalone.client" not in loaded  # costs 30 ms
        """
    )
    # What a project of one's own would not have.
    result = pytester.runpytest_subprocess("-p", "no:django", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


def test_settings_and_seed_are_those_of_a_streams_file(make_stream):
    stream = make_stream("One two three", unit="word", delay_ms=0, seed=5)

    assert texts(stream.url) == ["One ", "two ", "three"]
    [call] = stream.calls
    assert (call.seed, call.format, call.planned) == (5, "plain", 3)


def test_an_edit_is_what_the_next_caller_gets(make_stream):
    stream = make_stream("Before", unit="word", delay_ms=0)
    assert texts(stream.url) == ["Before"]

    stream.edit("After that")

    assert texts(stream.url) == ["After ", "that"]


def test_a_dropped_stream_resumes_where_it_was(make_stream):
    stream = make_stream("One two three", unit="word", delay_ms=0, fault="drop:2")
    last = ""
    heard = []
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.Client(trust_env=False) as client,
        connect_sse(client, "GET", stream.url) as source,
    ):
        for event in source.iter_sse():
            heard.append(event.data)
            last = event.id

    assert heard == ["One ", "two "]
    assert texts(stream.url, **{"Last-Event-ID": last}) == ["three"]
    dropped, rest = stream.calls
    assert dropped.outcome == "dropped on purpose"
    assert "drop after event 2" in dropped.faults[0]
    assert rest.position > 0


def test_an_incomplete_answer_is_told_with_its_fault_and_seed(make_stream):
    stream = make_stream("One two", unit="word", delay_ms=0, fault="truncate:1", seed=7)
    texts(stream.url)

    with pytest.raises(AssertionError, match=r"truncate.* of .* steps .*seed 7"):
        stream.assert_complete(timeout=1)


def test_what_is_wrong_with_a_stream_is_said_as_of_a_file(make_stream):
    with pytest.raises(StreamServerError, match=r"delay_ms.*from 0 to"):
        make_stream("Hello", delay_ms=-1)
    with pytest.raises(StreamServerError, match=r"\.md:1: .* 'puase'"):
        make_stream("Hello <!-- stream: puase 1s -->")
    with pytest.raises(StreamServerError, match="(?i)did you mean"):
        make_stream("Hello", delay=3)


def test_release_says_that_nothing_plays(make_stream):
    stream = make_stream("Hello")

    with pytest.raises(StreamServerError, match="Nothing plays .* Calls so far: 0"):
        stream.release()


def test_sdks_ask_here_without_being_told(make_stream):
    assert os.environ["OLLAMA_HOST"].startswith("http://127.0.0.1:")
    make_stream("Not this")
    stream = make_stream("But this", delay_ms=0)

    with openai.OpenAI() as client:
        answer = client.responses.create(model="any", input="Hi")

    assert answer.output_text == "But this"
    assert [call.format for call in stream.calls] == ["openai-responses"]


def test_tests_alone_may_make_streams(stream_server):
    answer = httpx.put(
        f"{stream_server.url}/-/streams/mine", json={"text": "x"}, trust_env=False
    )

    assert answer.status_code == 404
