"""The AI SDK's providers, unmodified, on OpenAI's endpoints."""

import pytest

from tests.clients.node import run_node
from tests.clients.scripts import HOSTILE
from tests.clients.test_openai_chat import ARGUMENTS

CLIENT = ("ai", "JavaScript", "`@ai-sdk/openai`", "`@ai-sdk/openai-compatible`")

WAYS = ("streamed", "whole")


@pytest.fixture(scope="module", params=["chat", "compatible", "responses"])
def provider(request):
    """Name a provider: of Chat Completions, of what is like it, and of Responses."""
    return request.param


@pytest.fixture(scope="module")
def heard(api, provider):
    return run_node("ai_sdk_providers", api, provider)


@pytest.mark.parametrize("way", WAYS)
def test_text_and_reasons(heard, way):
    assert heard["hostile"][way]["text"] == HOSTILE
    answers = {
        name: heard[name][way] for name in ("refusal", "filtered", "words", "system")
    }
    assert {name: (a["text"], a["finish"]) for name, a in answers.items()} == {
        "refusal": ("I cannot help with that.", "content-filter"),
        "filtered": ("Once upon", "content-filter"),
        "words": ("one two three", "length"),
        "system": ("Be brief.", "stop"),
    }


@pytest.mark.parametrize("way", WAYS)
def test_reasoning_is_apart_where_the_provider_reads_it(heard, provider, way):
    answer = heard["reasoning"][way]
    assert answer["text"] == "42."
    # In Chat Completions, OpenAI has no place for it.
    if provider != "chat":
        assert answer["reasoning"].strip() == "Let me think."


def test_usage_is_the_same_in_stream_and_answer(heard):
    streamed, whole = (heard["reasoning"][way]["usage"] for way in WAYS)
    assert streamed == whole
    # o200k_base, counted with tiktoken: "Hello", "Let me think.\n" and "42.".
    assert (whole["inputTokens"], whole["outputTokens"]) == (1, 6)
    assert whole["outputTokenDetails"] == {"textTokens": 2, "reasoningTokens": 4}


def test_a_tool_loop_runs_the_tools_and_ends(heard):
    tools = heard["tools"]
    calls = [["get_weather", ARGUMENTS], ["get_time", {"zone": "CET"}]]
    assert tools["ran"] == calls * 2
    assert tools["streamed"]["text"] == "Let me look.\nIt is cold, at noon."
    assert tools["whole"]["text"] == "It is cold, at noon."
    assert [tools[way]["finish"] for way in WAYS] == ["stop", "stop"]


def test_streams_are_gradual(heard):
    times = heard["paced"]["streamed"]["times"]
    assert len(times) == 11
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.2)


def test_errors(heard, provider):
    is_api_error, status, message = heard["errors"]["nonesuch"]
    assert (is_api_error, status) == (True, 404)
    assert "Known: busy" in message
    is_api_error, status, message = heard["errors"]["keyed"]
    assert (is_api_error, status) == (True, 401)
    assert "'any…' is no API key of this site" in message


def test_an_error_in_the_middle_comes_after_the_text(heard):
    assert heard["limited"]["text"] == "a"
    assert "Stopped at the limit of 1 bytes." in heard["limited"]["error"]


def test_429_is_retried_when_the_server_says(heard, provider):
    if provider == "chat":
        text, seconds = heard["again"]
        assert text == "x"
        assert 4.5 < seconds < 8
