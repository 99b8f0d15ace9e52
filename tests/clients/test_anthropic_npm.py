"""Anthropic's npm SDK, unmodified."""

import json

import pytest

from tests.clients.node import run_node
from tests.clients.scripts import HOSTILE
from tests.clients.test_anthropic import ARGUMENTS

CLIENT = ("@anthropic-ai/sdk", "JavaScript", "Messages")


def test_messages(api):
    heard = run_node("anthropic", api)
    assert heard["streamed"] == heard["whole"] == heard["finalText"] == HOSTILE
    streamed, whole = heard["weather"]
    assert streamed == whole
    assert streamed["reason"] == "tool_use"
    assert streamed["content"] == [
        "Let me look.\n",
        ["get_weather", ARGUMENTS],
        ["get_time", {"zone": "CET"}],
    ]
    asked = json.dumps(ARGUMENTS, ensure_ascii=False, separators=(",", ":"))
    assert heard["inputs"] == asked + '{"zone":"CET"}'
    assert heard["after"]["content"] == ["It is cold, at noon."]
    assert heard["after"]["reason"] == "end_turn"
    request, run = heard["requestId"]
    assert request == f"req_{run}"

    thinking, text = heard["thoughtful"]
    assert heard["thoughts"] == thinking["thinking"] == "Let me think.\n"
    assert heard["signature"] == thinking["signature"] != ""
    assert text["text"] == "42."
    assert heard["refusal"] == ["I cannot help with that.", "refusal", "refusal"]
    assert heard["stopped"] == ["one two three", "stop_sequence", " four"]
    assert heard["times"][-1] - heard["times"][0] == pytest.approx(1.0, abs=0.2)
    assert "hostile" in heard["models"]
    assert "draft" not in heard["models"]
    assert heard["count"] == 1

    unknown, keyed, cut = (
        heard["errors"][name] for name in ("unknown", "keyed", "cut")
    )
    assert (unknown["name"], unknown["type"]) == ("NotFoundError", "not_found_error")
    assert "Known: busy" in unknown["message"]
    assert unknown["requestID"].startswith("req_")
    assert (keyed["name"], keyed["status"]) == ("AuthenticationError", 401)
    assert cut["type"] == "api_error"
    assert "Stopped at the limit of 1 bytes." in cut["message"]

    assert heard["refused"] == ["RateLimitError", "5"]
    assert heard["retried"].startswith("x")
    assert heard["waited"] == pytest.approx(5, abs=0.8)
