"""OpenAI's Python SDK, unmodified, on Chat Completions and legacy Completions."""

import json
import time
from itertools import pairwise

import httpx
import openai
import pytest
from httpx_sse import connect_sse
from openai.types import Completion, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.clients.scripts import HOSTILE, text_of
from tests.clients.strict import validate

CLIENT = ("openai", "Python", "Chat Completions", "Completions")

HELLO = [{"role": "user", "content": "Hello"}]
ARGUMENTS = {"city": "Oslo 🇳🇴", "days": [1, 2]}


@pytest.fixture
def client(api):
    with openai.OpenAI(base_url=f"{api}/v1", api_key="any") as client:
        yield client


def create(client, model, messages=HELLO, **options):
    return client.chat.completions.create(model=model, messages=messages, **options)


def said(chunks):
    return "".join(
        chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices
    )


def test_a_stream_says_exactly_the_script(client):
    chunks = list(create(client, "hostile", stream=True))
    assert said(chunks) == HOSTILE
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert {chunk.model for chunk in chunks} == {"hostile"}
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_whole_answer_says_exactly_the_script(client):
    answer = create(client, "hostile")
    assert answer.choices[0].message.content == HOSTILE
    assert answer.choices[0].finish_reason == "stop"


async def test_async_stream_and_answer(api):
    async with openai.AsyncOpenAI(base_url=f"{api}/v1", api_key="any") as client:
        stream = await create(client, "hostile", stream=True)
        assert said([chunk async for chunk in stream]) == HOSTILE
        answer = await create(client, "hostile")
        assert answer.choices[0].message.content == HOSTILE


def test_the_stream_helper_puts_the_answer_together(client):
    with client.chat.completions.stream(model="weather", messages=HELLO) as stream:
        events = list(stream)
        final = stream.get_final_completion()
    kinds = {event.type for event in events}
    assert {"content.delta", "content.done", "tool_calls.function.arguments.done"} <= (
        kinds
    )
    message = final.choices[0].message
    assert message.content == "Let me look.\n"
    assert [call.function.name for call in message.tool_calls] == [
        "get_weather",
        "get_time",
    ]
    assert json.loads(message.tool_calls[0].function.arguments) == ARGUMENTS
    assert final.choices[0].finish_reason == "tool_calls"


def test_a_tool_loop_ends_with_what_the_script_says_to_the_results(client):
    messages = [*HELLO]
    for _ in range(5):
        choice = create(client, "weather", messages).choices[0]
        messages.append(choice.message.model_dump(exclude_none=True))
        if choice.finish_reason != "tool_calls":
            break
        for call in choice.message.tool_calls:
            result = {"role": "tool", "tool_call_id": call.id, "content": "-3 °C"}
            messages.append(result)
    assert messages[-1]["content"] == "It is cold, at noon."
    assert [m["role"] for m in messages] == [
        *("user", "assistant", "tool", "tool", "assistant")
    ]


def test_reasoning_is_apart_from_the_answer(client):
    chunks = list(create(client, "reasoning", stream=True))
    thought = "".join(
        getattr(chunk.choices[0].delta, "reasoning_content", None) or ""
        for chunk in chunks
    )
    assert (thought, said(chunks)) == ("Let me think.\n", "42.")
    message = create(client, "reasoning").choices[0].message
    assert (message.reasoning_content, message.content) == ("Let me think.\n", "42.")


def test_a_refusal_is_no_content(client):
    with client.chat.completions.stream(model="refusal", messages=HELLO) as stream:
        streamed = stream.get_final_completion().choices[0].message
    whole = create(client, "refusal").choices[0].message
    for message in (streamed, whole):
        assert message.refusal == "I cannot help with that."
        assert not message.content


def test_a_finish_reason_of_the_script(client):
    assert create(client, "filtered").choices[0].finish_reason == "content_filter"


def test_usage_is_the_same_in_stream_and_answer(client):
    options = {"stream": True, "stream_options": {"include_usage": True}, "n": 2}
    chunks = list(create(client, "reasoning", **options))
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].choices == []
    usage = create(client, "reasoning", n=2).usage
    assert chunks[-1].usage == usage
    # o200k_base, counted with tiktoken: "Hello", "Let me think.\n42." twice.
    assert (usage.prompt_tokens, usage.completion_tokens) == (1, 2 * 6)
    assert usage.total_tokens == 13
    assert all(c.usage is None for c in create(client, "words", stream=True))


def test_several_choices_come_side_by_side(client):
    answer = create(client, "words", n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert {c.message.content for c in answer.choices} == {text_of("words")}
    with client.chat.completions.stream(model="weather", messages=HELLO, n=2) as s:
        choices = s.get_final_completion().choices
    assert [len(choice.message.tool_calls) for choice in choices] == [2, 2]
    ids = {call.id for choice in choices for call in choice.message.tool_calls}
    assert len(ids) == 4


@pytest.mark.parametrize(
    ("options", "text", "finish"),
    [
        ({"max_tokens": 3}, "one two three", "length"),
        ({"max_completion_tokens": 1}, "one", "length"),
        ({"stop": " four"}, "one two three", "stop"),
        ({"stop": ["seven", "two three"]}, "one ", "stop"),
        ({"stop": "nine", "max_tokens": 99}, text_of("words"), "stop"),
    ],
)
def test_limits_are_honoured(client, options, text, finish):
    answer = create(client, "words", **options)
    assert answer.choices[0].message.content == text
    assert answer.choices[0].finish_reason == finish
    chunks = list(create(client, "words", stream=True, **options))
    assert said(chunks) == text
    assert chunks[-1].choices[0].finish_reason == finish


def test_a_chat_of_three_turns_picks_its_answers_by_turn(client):
    messages, answers = [], []
    for prompt in ("one", "two", "three"):
        messages.append({"role": "user", "content": [{"type": "text", "text": prompt}]})
        answer = create(client, "turns", messages).choices[0].message.content
        messages.append({"role": "assistant", "content": answer})
        answers.append(answer)
    assert answers == ["First: one", "Second: two", "Turn 3: three, after one"]


def test_the_system_prompt_is_known_to_templates(client):
    messages = [{"role": "developer", "content": "Be brief."}, *HELLO]
    assert create(client, "system", messages).choices[0].message.content == "Be brief."


def test_streams_are_gradual(client):
    times = []
    for chunk in create(client, "paced", stream=True):
        if chunk.choices[0].delta.content:
            times.append(time.monotonic())
    assert len(times) == 11
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.2)
    assert all(b - a < 0.3 for a, b in pairwise(times))


def test_a_whole_answer_takes_as_long_as_its_stream(client):
    started = time.monotonic()
    create(client, "paced")
    assert time.monotonic() - started == pytest.approx(1.0, abs=0.3)


def test_models(client):
    names = [model.id for model in client.models.list()]
    assert "hostile" in names
    assert "draft" not in names
    assert "keyed" not in names
    assert client.models.retrieve("words").id == "words"


@pytest.mark.parametrize(
    ("change", "error", "param", "words"),
    [
        ({"model": "nonesuch"}, openai.NotFoundError, "model", "Known: busy, filtered"),
        ({"model": "draft"}, openai.NotFoundError, "model", "does not exist"),
        ({"model": 7}, openai.BadRequestError, "model", "expected a string"),
        ({"messages": []}, openai.BadRequestError, "messages", "empty"),
        (
            {"messages": [{"role": "user"}]},
            openai.BadRequestError,
            "messages[0].content",
            "Missing required parameter: 'messages[0].content'.",
        ),
        ({"messages": "hi"}, openai.BadRequestError, "messages", "but got a string"),
        ({"n": 0}, openai.BadRequestError, "n", "0 is not from 1 to 128"),
        ({"max_tokens": "x"}, openai.BadRequestError, "max_tokens", "an integer"),
        ({"stop": [1]}, openai.BadRequestError, "stop", "array of strings"),
        ({"stream": "yes"}, openai.BadRequestError, "stream", "a boolean"),
        ({"model": "keyed"}, openai.AuthenticationError, None, "is no API key"),
    ],
)
def test_errors_say_what_is_wrong_as_openai_does(client, change, error, param, words):
    body = {"model": "words", "messages": HELLO} | change
    with pytest.raises(error) as caught:
        client.chat.completions.create(**body)
    assert caught.value.param == param
    assert words in caught.value.message
    assert caught.value.body.keys() == {"message", "type", "param", "code"}


def test_a_key_opens_what_is_for_holders_of_one(api, issue_key):
    def ask(secret, model):
        with openai.OpenAI(base_url=f"{api}/v1", api_key=secret) as client:
            return create(client, model).choices[0].message.content

    assert ask(issue_key(), "keyed") == "secret"
    assert ask(issue_key("keyed"), "keyed") == "secret"
    with pytest.raises(openai.PermissionDeniedError):
        ask(issue_key("words"), "keyed")


def test_429_is_retried_when_the_server_says(api):
    """One stream plays, and has the only place until it ends."""
    client = openai.OpenAI(base_url=f"{api}/v1", api_key="any", max_retries=3)
    impatient = client.with_options(max_retries=0)
    with client, create(client, "busy", stream=True) as first:
        next(first)
        with pytest.raises(openai.RateLimitError) as caught:
            create(impatient, "busy")
        assert caught.value.response.headers["retry-after"] == "5"
        retried = client.chat.completions.with_raw_response.create(
            model="busy", messages=HELLO, max_tokens=1
        )
        assert retried.retries_taken == 1
        assert retried.parse().choices[0].message.content.startswith("x")


def test_bodies_that_are_no_json(api):
    url = f"{api}/v1/chat/completions"
    for body, words in (
        (b"{", "The body is not JSON"),
        (b"", "The body must be a JSON object; this one is nothing."),
        (b"[]", "this one is an array"),
        (b'"\xff"', "not valid UTF-8"),
    ):
        response = httpx.post(url, content=body, trust_env=False)
        assert response.status_code == 400
        assert words in response.json()["error"]["message"]
    assert httpx.get(url, trust_env=False).status_code == 405
    unknown = httpx.post(f"{api}/v1/embeddings", json={}, trust_env=False)
    assert unknown.status_code == 404
    assert "There is no POST /v1/embeddings here" in unknown.json()["error"]["message"]


SHOWN = ["hostile", "words", "reasoning", "refusal", "weather", "filtered"]


@pytest.mark.parametrize("model", SHOWN)
def test_every_body_fits_the_types_of_the_sdk(api, model):
    body = {"model": model, "messages": HELLO, "n": 2}
    url = f"{api}/v1/chat/completions"
    with httpx.Client(trust_env=False) as http:
        validate(ChatCompletion, http.post(url, json=body).json())
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        with connect_sse(http, "POST", url, json=body) as source:
            *events, done = source.iter_sse()
        for event in events:
            validate(ChatCompletionChunk, json.loads(event.data))
        assert done.data == "[DONE]"
        legacy = {"model": model, "prompt": "Hello"}
        url = f"{api}/v1/completions"
        validate(Completion, http.post(url, json=legacy).json())
        with connect_sse(http, "POST", url, json=legacy | {"stream": True}) as source:
            *events, done = source.iter_sse()
        for event in events:
            chunk = json.loads(event.data)
            if chunk["choices"][0]["finish_reason"] is None:
                # As OpenAI sends it; the SDK's type is that of the whole answer.
                chunk["choices"][0]["finish_reason"] = "stop"
            validate(Completion, chunk)
        validate(Model, http.get(f"{api}/v1/models/{model}").json())


def test_legacy_completions(client):
    stream = client.completions.create(model="hostile", prompt="Hello", stream=True)
    assert "".join(c.choices[0].text for c in stream) == HOSTILE
    answer = client.completions.create(model="words", prompt=["Hello"], max_tokens=2)
    assert answer.choices[0].text == "one two"
    assert answer.choices[0].finish_reason == "length"
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model="words", prompt=["a", "b"])
    assert caught.value.param == "prompt"


def test_the_same_on_daphne(daphne):
    with openai.OpenAI(base_url=f"{daphne}/v1", api_key="any") as client:
        assert said(create(client, "hostile", stream=True)) == HOSTILE
        assert create(client, "hostile").choices[0].message.content == HOSTILE
