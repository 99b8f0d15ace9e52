"""Google's npm SDK, unmodified."""

import pytest

from tests.clients.node import run_node
from tests.clients.scripts import HOSTILE
from tests.clients.test_gemini import ARGUMENTS

CLIENT = ("@google/genai", "JavaScript", "Gemini")


def test_gemini(api, issue_key):
    heard = run_node("gemini", api, issue_key())
    assert heard["streamed"] == heard["whole"] == HOSTILE
    streamed, whole = heard["usage"]
    assert streamed == whole
    thoughts = [part["text"] for part in heard["thoughts"] if part.get("thought")]
    assert "".join(thoughts) == "Let me think.\n"
    assert (heard["refusal"], heard["cut"]) == ("SAFETY", "MAX_TOKENS")
    assert heard["stopped"] == "one two three"
    assert heard["system"] == "Be brief."
    assert heard["calls"] == [["get_weather", ARGUMENTS], ["get_time", {"zone": "CET"}]]
    assert heard["answer"] == "It is cold, at noon."
    assert heard["turns"] == ["First: one", "Second: two", "Turn 3: three, after one"]
    assert heard["times"][-1] - heard["times"][0] == pytest.approx(1.0, abs=0.2)
    assert heard["silent"] == "Wait.Now."
    assert heard["keyed"] == "secret"
    assert heard["tokens"] == 1
    assert {"models/hostile", "models/keyed"} <= set(heard["models"])
    unknown, limited = heard["errors"]
    assert (unknown["name"], unknown["status"]) == ("ApiError", 404)
    assert "Known: busy" in unknown["message"]
    assert (limited["name"], limited["status"]) == ("ApiError", 500)
    assert "Stopped at the limit" in limited["message"]
