"""Ollama's npm library, unmodified."""

import pytest

from tests.clients.node import run_node
from tests.clients.scripts import HOSTILE
from tests.clients.test_ollama import ARGUMENTS

CLIENT = ("ollama", "JavaScript", "Chat", "Generate")


def test_ollama(api, issue_key):
    heard = run_node("ollama", api, issue_key())
    assert heard["streamed"] == heard["whole"] == heard["generated"] == HOSTILE
    assert (heard["end"]["done"], heard["end"]["done_reason"]) == (True, "stop")
    assert heard["end"]["eval_count"] == 8
    assert heard["thoughts"] == "Let me think.\n"
    assert (heard["cut"], heard["stopped"]) == ("length", "one two three")
    assert heard["calls"] == [["get_weather", ARGUMENTS], ["get_time", {"zone": "CET"}]]
    assert heard["answer"] == "It is cold, at noon."
    assert heard["times"][-1] - heard["times"][0] == pytest.approx(1.0, abs=0.2)
    assert heard["silent"] == "Wait.Now."
    assert heard["keyed"] == "secret"
    assert heard["loaded"] == "load"
    assert {"hostile:latest", "keyed:latest"} <= set(heard["models"])
    assert heard["running"] == heard["models"]
    assert heard["capabilities"] == ["completion", "tools", "thinking"]
    assert heard["version"].startswith("0.")
    unknown, limited = heard["errors"]
    assert (unknown["name"], unknown["status"]) == ("ResponseError", 404)
    assert unknown["message"].startswith("model 'nonesuch' not found: ")
    assert limited["message"].startswith("Stopped at the limit of 1 bytes. (run ")
