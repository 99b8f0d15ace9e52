"""What the vendors' SDKs make of streams that break on purpose."""

import anthropic
import ollama
import openai
import pytest
from google import genai

from tests.clients.test_gemini import make_client

HELLO = [{"role": "user", "content": "Hi"}]
# Of httpx, or of a copy of it that an SDK has brought, or the SDK's own.
BROKEN = ("RemoteProtocolError", "APIConnectionError")
TEXT = 'Grüße, "世界"\n👋 und mehr'


@pytest.fixture
def streams(api):
    """Each SDK's stream of the texts that a model says, and what it raises."""
    with (
        openai.OpenAI(base_url=f"{api}/v1", api_key="any") as chat,
        anthropic.Anthropic(base_url=api, api_key="any") as messages,
        make_client(api) as gemini,
        ollama.Client(host=api) as local,
    ):
        yield readers(chat, messages, gemini, local)


def readers(chat, messages, gemini, local):
    """Return a generator function for each SDK."""

    def of_chat(model):
        made = chat.chat.completions.create(model=model, messages=HELLO, stream=True)
        for chunk in made:
            yield chunk.choices[0].delta.content or ""

    def of_responses(model):
        for event in chat.responses.create(model=model, input="Hi", stream=True):
            if event.type == "response.output_text.delta":
                yield event.delta

    def of_messages(model):
        with messages.messages.stream(
            model=model, messages=HELLO, max_tokens=1000
        ) as stream:
            yield from stream.text_stream

    def of_gemini(model):
        for part in gemini.models.generate_content_stream(model=model, contents="Hi"):
            yield part.text or ""

    def of_ollama(model):
        for part in local.chat(model, HELLO, stream=True):
            yield part.message.content

    return {
        "openai": of_chat,
        "responses": of_responses,
        "anthropic": of_messages,
        "gemini": of_gemini,
        "ollama": of_ollama,
    }


def listen(stream):
    """Return what was said, and what was raised then."""
    said = ""
    try:
        for text in stream:
            said += text
    except Exception as error:
        return said, error
    return said, None


def test_overloaded_and_limited_models_are_told_apart(streams, publish):
    for kind in ("overloaded", "rate_limit"):
        publish(kind, f"Well, <!-- stream: error {kind} -->no.", delay_ms=1)
    caught = {}
    for name in streams:
        for kind in ("overloaded", "rate_limit"):
            said, caught[name, kind] = listen(streams[name](kind))
            assert said == "Well, "
    assert isinstance(caught["openai", "overloaded"], openai.APIError)
    assert caught["openai", "overloaded"].code == "overloaded"
    assert caught["openai", "rate_limit"].code == "rate_limit_exceeded"
    assert caught["responses", "rate_limit"].code == "rate_limit_exceeded"
    assert caught["anthropic", "overloaded"].type == "overloaded_error"
    assert caught["anthropic", "rate_limit"].type == "rate_limit_error"
    assert isinstance(caught["gemini", "overloaded"], genai.errors.ServerError)
    assert caught["gemini", "overloaded"].status == "UNAVAILABLE"
    assert isinstance(caught["gemini", "rate_limit"], genai.errors.ClientError)
    assert caught["gemini", "rate_limit"].status == "RESOURCE_EXHAUSTED"
    assert isinstance(caught["ollama", "overloaded"], ollama.ResponseError)
    assert "overloaded" in caught["ollama", "overloaded"].error


def test_divided_events_are_read_whole(streams, publish):
    """In the middle of characters and escapes, as networks divide them."""
    body = "".join(f"<!-- stream: split -->{one}" for one in TEXT)
    publish("divided", body, delay_ms=1)
    for name, stream in streams.items():
        assert listen(stream("divided")) == (TEXT, None), name


def test_a_dropped_connection_and_a_malformed_event_are_errors(streams, publish):
    publish("dropped", "Well, <!-- stream: drop -->no.", delay_ms=1)
    publish("malformed", "Well, <!-- stream: malformed -->no.", delay_ms=1)
    for name, stream in streams.items():
        said, error = listen(stream("dropped"))
        assert said == "Well, ", name
        assert type(error).__name__ in BROKEN, name
        said, error = listen(stream("malformed"))
        assert said == "Well, ", name
        assert error is not None, name
