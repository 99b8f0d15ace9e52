"""OpenAI's npm SDK, unmodified, on the Assistants API."""

import json

import pytest

from tests.clients.node import run_node
from tests.clients.scripts import HOSTILE
from tests.clients.test_openai_assistants import ARGUMENTS, SIMPLE_RUN

CLIENT = ("openai", "JavaScript", "Assistants")


def test_assistants(api):
    heard = run_node("openai_assistants", api)
    assert heard["deltas"] == heard["done"] == HOSTILE
    assert heard["final"] == heard["kept"] == [HOSTILE]
    assert heard["run"] == heard["polled"] == "completed"
    assert heard["keptTwice"] == 2
    assert heard["events"] == ["thread.created", *SIMPLE_RUN]
    weather, arguments, time, _ = heard["tools"]
    assert (weather, time) == ("get_weather", "get_time")
    assert json.loads(arguments) == ARGUMENTS
    assert (heard["waiting"], heard["ended"]) == ("requires_action", "completed")
    assert heard["after"] == ["It is cold, at noon."]
    assert heard["loop"] == ["Let me look.\n", "It is cold, at noon."]
    assert heard["steps"] == [
        *(["tool_calls", "completed"], ["message_creation", "completed"]),
    ]
    assert heard["refusal"] == [
        [{"type": "refusal", "refusal": "I cannot help with that."}]
    ]
    assert heard["limited"] == ["incomplete", "one two"]
    assert len(heard["times"]) == 11
    assert heard["times"][-1] - heard["times"][0] == pytest.approx(1.0, abs=0.2)
    assert heard["cancelled"] == "cancelled"
    streamed, kept = heard["cut"]
    assert streamed == kept != ["abcdefghijk"]
    assert heard["middle"]["name"] == "APIError"
    assert "Stopped at the limit" in heard["middle"]["message"]
    assert heard["missing"]["name"] == "NotFoundError"
    assert "No thread found with id 'thread_x'" in heard["missing"]["message"]
