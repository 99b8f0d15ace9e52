"""OpenAI's npm SDK, unmodified, on Responses."""

from tests.clients.node import run_node
from tests.clients.scripts import HOSTILE, text_of
from tests.clients.test_openai_responses import WEATHER

CLIENT = ("openai", "JavaScript", "Responses")


def test_responses(api):
    heard = run_node("openai_responses", api)
    assert heard["streamed"] == heard["whole"] == HOSTILE
    assert heard["weather"] == {
        "status": "completed",
        "output": WEATHER,
        "text": "Let me look.\n",
        "snapshot": "Let me look.\n",
    }
    for reasoning in (heard["reasoning"], heard["summary"]):
        assert reasoning["output"] == ["Let me think.\n", "42."]
        assert reasoning["text"] == "42."
    assert heard["refusal"]["output"] == ["I cannot help with that."]
    assert (heard["limited"]["status"], heard["limited"]["text"]) == (
        *("incomplete", "one two"),
    )
    assert heard["loop"] == ["It is cold, at noon."]
    assert heard["items"] == [
        *("message", "message", "function_call", "function_call"),
        *("function_call_output", "function_call_output"),
    ]
    assert heard["during"] == "in_progress"
    assert heard["numbers"] == list(range(len(heard["numbers"])))
    assert heard["resumed"] == heard["replayed"] == text_of("paced")
    assert heard["cancelled"] == heard["cancelledReplay"] == "cancelled"
    assert heard["deleted"]["name"] == "NotFoundError"
    assert heard["previous"]["name"] == "BadRequestError"
    assert heard["previous"]["code"] == "previous_response_not_found"
    assert heard["previous"]["param"] == "previous_response_id"
    assert heard["middle"]["name"] == "APIError"
    assert heard["middle"]["code"] == "server_error"
    assert "Stopped at the limit" in heard["middle"]["message"]
