"""OpenAI's npm SDK, unmodified."""

import json

import pytest

from tests.clients.node import run_node
from tests.clients.scripts import HOSTILE
from tests.clients.test_openai_chat import ARGUMENTS

CLIENT = ("openai", "JavaScript", "Chat Completions")


def test_chat_completions(api):
    heard = run_node("openai_chat", api)
    assert heard["streamed"] == heard["whole"] == HOSTILE
    helper = heard["helper"]
    assert (helper["content"], helper["finish"]) == ("Let me look.\n", "tool_calls")
    (first, arguments), (second, _) = helper["tools"]
    assert (first, second) == ("get_weather", "get_time")
    assert json.loads(arguments) == ARGUMENTS
    assert heard["times"][-1] - heard["times"][0] == pytest.approx(1.0, abs=0.2)
    assert "hostile" in heard["models"]
    assert heard["error"]["name"] == "NotFoundError"
    assert heard["error"]["param"] == "model"
    assert "Known: busy" in heard["error"]["message"]

    assert heard["refused"] == ["RateLimitError", "5"]
    assert heard["retried"].startswith("x")
    assert heard["waited"] == pytest.approx(5, abs=0.8)
