"""The AI SDK's clients, unmodified, on its UI message streams."""

import httpx
import pytest

from tests.clients.node import run_node
from tests.clients.scripts import HOSTILE
from tests.clients.test_openai_chat import ARGUMENTS
from tests.processes import serve

CLIENT = ("ai", "JavaScript", "UI message streams, with `@ai-sdk/react` and `useChat`")

HELLO = {"id": "u1", "role": "user", "parts": [{"type": "text", "text": "Hello"}]}


@pytest.fixture(scope="module")
def heard(api, project):
    """What the SDK's transport hears."""
    from tests.clients import content

    return run_node("ai_sdk", api, project.call(content.issue_key))


@pytest.fixture(scope="module")
def with_default(project, api):
    """Return the URL of a site that has a default stream."""
    env = project.env | {"TESTS_DEFAULT_STREAM": "hostile"}
    with serve("uvicorn", env=env) as server:
        yield server.url


@pytest.fixture(scope="module")
def seen(with_default):
    """What a reader sees of a page with `useChat`."""
    return run_node("ai_sdk_react", with_default)


def parts(answer, kind):
    return [part for part in answer["message"]["parts"] if part["type"] == kind]


def test_a_message_says_exactly_the_script(heard):
    [text] = parts(heard["hostile"], "text")
    assert (text["text"], text["state"]) == (HOSTILE, "done")
    kinds = [chunk["type"] for chunk in heard["hostile"]["chunks"]]
    assert kinds[:3] == ["start", "start-step", "text-start"]
    assert kinds[-3:] == ["text-end", "finish-step", "finish"]
    assert set(kinds[3:-3]) == {"text-delta"}
    metadata = heard["hostile"]["message"]["metadata"]
    assert metadata.keys() == {"createdAt", "model", "totalTokens"}
    assert metadata["model"] == "hostile"


def test_every_chunk_fits_the_schema_of_the_sdk(heard):
    assert heard["invalid"] == []


def test_reasoning_is_a_part_of_its_own(heard):
    [thought], [text] = (
        parts(heard["reasoning"], "reasoning"),
        parts(heard["reasoning"], "text"),
    )
    assert (thought["text"], thought["state"]) == ("Let me think.\n", "done")
    assert text["text"] == "42."
    # "Hello" and "Let me think.\n42.", counted with tiktoken.
    assert heard["reasoning"]["message"]["metadata"]["totalTokens"] == 1 + 6


def test_an_event_of_the_script_is_a_data_part(heard):
    [event], [text] = (
        parts(heard["named"], "data-progress"),
        parts(heard["named"], "text"),
    )
    assert (event["data"], text["text"]) == ({"percent": 40}, "ab")


def test_refusals_and_filters_say_so_as_the_reason(heard):
    [text] = parts(heard["refusal"], "text")
    assert text["text"] == "I cannot help with that."
    reasons = [
        heard[name]["chunks"][-1]["finishReason"]
        for name in ("refusal", "filtered", "hostile")
    ]
    assert reasons == ["content-filter", "content-filter", "stop"]


def test_a_tool_loop_goes_on_in_the_same_message(heard):
    [user, message] = heard["loop"]
    kinds = [part["type"] for part in message["parts"]]
    assert kinds == [
        "step-start",
        "text",
        "tool-get_weather",
        "tool-get_time",
        "step-start",
        "text",
    ]
    weather, time = message["parts"][2:4]
    assert weather["input"] == ARGUMENTS
    assert time["state"] == "output-error"
    assert message["parts"][-1]["text"] == "It is cold, at noon."


def test_an_error_in_the_middle(heard):
    [text] = parts(heard["limited"], "text")
    assert text["text"] == "a"
    [error] = heard["limited"]["errors"]
    assert error.startswith("Stopped at the limit of 1 bytes. (run ")


def test_other_bodies(heard):
    """`message` alone, `useCompletion`'s prompt, a system prompt, a key."""
    assert heard["last"] == "First: Hello"
    assert heard["completion"] == "First: Hi"
    assert heard["system"] == "Be brief."
    assert heard["keyed"] == "secret"


def test_streams_are_gradual(heard):
    times = heard["times"]
    assert len(times) == 11
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.2)


def test_there_is_nothing_to_resume(heard):
    assert heard["resumed"] is None


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("unknown", 404, "No stream 'nonesuch'."),
        ("keyed", 401, "No API key was sent: stream 'keyed' is for holders of one."),
        ("message", 400, "Missing required parameter: 'messages[0].parts'."),
        ("part", 400, "Missing required parameter: 'messages[0].parts[0].type'."),
        ("empty", 400, "Invalid 'messages': empty."),
    ],
)
def test_errors_are_sentences(heard, name, status, words):
    kind, code, message = heard["errors"][name]
    assert (kind, code) == ("AI_APICallError", status)
    assert message.startswith(words)


def test_a_page_shows_exactly_the_script(seen):
    assert seen["hostile"] == [HOSTILE]
    assert seen["byDefault"] == [HOSTILE]
    assert seen["completion"] == HOSTILE


def test_a_page_chats_in_turns_and_asks_again(seen):
    assert seen["turns"] == ["First: one", "Second: two", "Turn 3: three, after one"]


def test_a_page_runs_the_tools(seen):
    [user, message] = seen["tools"]["messages"]
    assert seen["tools"]["answers"] == ["Let me look.\nIt is cold, at noon."]
    weather = next(p for p in message["parts"] if p["type"] == "tool-get_weather")
    assert weather["state"] == "output-available"
    assert weather["output"] == {"ran": ARGUMENTS}


def test_a_page_types_and_can_stop(seen):
    texts = [text for _, text in seen["paced"]]
    assert texts[-1] == "abcdefghijk"
    assert len(set(texts)) > 5
    assert seen["paced"][-1][0] - seen["paced"][0][0] == pytest.approx(1.0, abs=0.3)
    assert "abcdefghijk".startswith(seen["stopped"])
    assert 2 < len(seen["stopped"]) < 11


def test_a_page_that_would_resume_is_ready(seen):
    assert seen["resumed"] == ["ready", None]


def test_a_page_shows_errors(seen):
    assert seen["errors"]["nonesuch"] == ["error", "No stream 'nonesuch'."]
    status, message = seen["errors"]["limited"]
    assert status == "error"
    assert message.startswith("Stopped at the limit of 1 bytes.")


def test_a_site_without_a_default_stream_says_what_to_do(api):
    response = httpx.post(
        f"{api}/api/chat", json={"messages": [HELLO]}, trust_env=False
    )
    assert response.status_code == 404
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert "new DefaultChatTransport({ body: { model:" in response.text


def test_headers_and_a_page_of_one_line(api):
    url = f"{api}/streams/hostile/events?format=ai-sdk&seed=7"
    response = httpx.post(url, json={"messages": [HELLO]}, trust_env=False)
    assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert response.headers["x-stream-seed"] == "7"
    assert response.text.endswith("data: [DONE]\n\n")
    # As a browser's address bar asks.
    assert httpx.get(f"{url}&prompt=Hi", trust_env=False).status_code == 200
