"""Ollama's Python library, unmodified, on Ollama's own API."""

import asyncio
import json
import time
from datetime import UTC, datetime
from itertools import pairwise

import httpx
import ollama
import pytest
from ollama import ListResponse, ProcessResponse, ShowResponse

from tests.clients.scripts import HOSTILE, text_of
from tests.clients.strict import validate

CLIENT = ("ollama", "Python", "Chat", "Generate")

HELLO = [{"role": "user", "content": "Hello"}]
ARGUMENTS = {"city": "Oslo 🇳🇴", "days": [1, 2]}


@pytest.fixture
def client(api):
    with ollama.Client(host=api) as client:
        yield client


@pytest.fixture
def http(api):
    with httpx.Client(base_url=api, trust_env=False) as http:
        yield http


def said(parts):
    return "".join(part.message.content for part in parts)


def test_a_stream_says_exactly_the_script(client):
    parts = list(client.chat("hostile", HELLO, stream=True))
    assert said(parts) == HOSTILE
    assert {part.model for part in parts} == {"hostile"}
    assert {part.message.role for part in parts} == {"assistant"}
    assert len({part.created_at for part in parts}) == 1
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].done_reason == "stop"
    created = datetime.fromisoformat(parts[0].created_at)
    assert abs((datetime.now(UTC) - created).total_seconds()) < 60


def test_a_whole_answer_says_exactly_the_script(client):
    answer = client.chat("hostile", HELLO)
    assert answer.message.content == HOSTILE
    assert (answer.done, answer.done_reason) == (True, "stop")


def test_one_prompt_is_answered_with_exactly_the_script(client):
    parts = list(client.generate("hostile", "Hello", stream=True))
    assert "".join(part.response for part in parts) == HOSTILE
    assert parts[-1].done_reason == "stop"
    assert client.generate("hostile", "Hello").response == HOSTILE


async def test_async_streams_and_answers(api):
    async with ollama.AsyncClient(host=api) as client:
        stream = await client.chat("hostile", HELLO, stream=True)
        assert said([part async for part in stream]) == HOSTILE
        answer = await client.chat("hostile", HELLO)
        assert answer.message.content == HOSTILE
        stream = await client.generate("hostile", "Hello", stream=True)
        assert "".join([part.response async for part in stream]) == HOSTILE


def test_streams_are_the_default(http):
    body = {"model": "words", "messages": HELLO}
    response = http.post("/api/chat", json=body)
    assert response.headers["content-type"] == "application/x-ndjson"
    assert len(response.text.splitlines()) == 9
    body["stream"] = False
    response = http.post("/api/chat", json=body)
    assert response.headers["content-type"] == "application/json"
    assert response.json()["message"]["content"] == text_of("words")


def test_a_tag_says_nothing(client):
    for model in ("words", "words:latest", "words:7b-q4_1"):
        answer = client.chat(model, HELLO)
        assert (answer.model, answer.message.content) == (model, text_of("words"))
        assert client.generate(model, "Hello").model == model
        assert client.show(model).capabilities == ["completion", "tools", "thinking"]


def test_a_tool_loop_ends_with_what_the_script_says_to_the_results(client):
    def get_weather(city: str, days: list[int]) -> str:
        """Tell the weather."""
        return "-3 °C"

    messages, calls = [*HELLO], []
    for _ in range(5):
        message = client.chat("weather", messages, tools=[get_weather]).message
        messages.append(message)
        if not message.tool_calls:
            break
        for call in message.tool_calls:
            calls.append((call.function.name, call.function.arguments))
            result = {"role": "tool", "tool_name": call.function.name, "content": "x"}
            messages.append(result)
    assert messages[1].content == "Let me look.\n"
    assert calls == [("get_weather", ARGUMENTS), ("get_time", {"zone": "CET"})]
    assert messages[-1].content == "It is cold, at noon."
    assert len(messages) == 5


def test_tool_calls_of_a_stream_come_whole(client):
    parts = list(client.chat("weather", HELLO, stream=True))
    calls = [call for part in parts for call in part.message.tool_calls or []]
    assert [call.function.name for call in calls] == ["get_weather", "get_time"]
    assert calls[0].function.arguments == ARGUMENTS
    assert parts[-1].done_reason == "stop"
    # One that is cut off is not made.
    cut = list(client.chat("weather", HELLO, stream=True, options={"num_predict": 8}))
    assert not any(part.message.tool_calls for part in cut)
    assert cut[-1].done_reason == "length"
    whole = client.chat("weather", HELLO, options={"num_predict": 8})
    assert whole.message.tool_calls is None


def test_one_prompt_calls_no_tools(client):
    text = "Let me look.\nIt is cold, at noon."
    assert client.generate("weather", "Hello").response == text
    parts = client.generate("weather", "Hello", stream=True)
    assert "".join(part.response for part in parts) == text


@pytest.mark.parametrize("think", [None, True, "high", False])
def test_reasoning_is_thinking(client, think):
    thought = "" if think is False else "Let me think.\n"
    parts = list(client.chat("reasoning", HELLO, stream=True, think=think))
    assert "".join(part.message.thinking or "" for part in parts) == thought
    assert said(parts) == "42."
    whole = client.chat("reasoning", HELLO, think=think)
    assert (whole.message.thinking or "", whole.message.content) == (thought, "42.")
    prompted = list(client.generate("reasoning", "Hello", stream=True, think=think))
    assert "".join(part.thinking or "" for part in prompted) == thought
    whole = client.generate("reasoning", "Hello", think=think)
    assert (whole.thinking or "", whole.response) == (thought, "42.")


def test_a_refusal_is_content(client):
    """There is no other way to say it."""
    text = "I cannot help with that."
    assert said(client.chat("refusal", HELLO, stream=True)) == text
    assert client.chat("refusal", HELLO).message.content == text
    assert client.chat("filtered", HELLO).done_reason == "stop"


def test_counts_are_the_same_in_stream_and_answer(client):
    *_, end = client.chat("reasoning", HELLO, stream=True)
    whole = client.chat("reasoning", HELLO)
    # o200k_base, counted with tiktoken: "Hello", "Let me think.\n42.".
    for answer in (end, whole):
        assert (answer.prompt_eval_count, answer.eval_count) == (1, 6)
    prompted = client.generate("reasoning", "Hello")
    assert (prompted.prompt_eval_count, prompted.eval_count) == (1, 6)


def test_durations_are_those_of_the_plan(client):
    answer = client.chat("paced", HELLO)
    assert answer.eval_duration == 1_000_000_000
    assert answer.total_duration == answer.prompt_eval_duration + 1_000_000_000
    # What comes at once has a rate, too.
    at_once = client.chat("words", HELLO)
    assert at_once.eval_count / at_once.eval_duration * 10**9 > 0


@pytest.mark.parametrize(
    ("options", "text", "reason"),
    [
        ({"num_predict": 3}, "one two three", "length"),
        ({"num_predict": -1}, text_of("words"), "stop"),
        ({"stop": [" four"]}, "one two three", "stop"),
        ({"stop": ["seven", "two three"]}, "one ", "stop"),
        ({"stop": ["nine"], "num_predict": 99}, text_of("words"), "stop"),
    ],
)
def test_limits_are_honoured(client, options, text, reason):
    answer = client.chat("words", HELLO, options=options)
    assert (answer.message.content, answer.done_reason) == (text, reason)
    parts = list(client.chat("words", HELLO, stream=True, options=options))
    assert (said(parts), parts[-1].done_reason) == (text, reason)
    prompted = client.generate("words", "Hello", options=options)
    assert (prompted.response, prompted.done_reason) == (text, reason)


def test_a_chat_of_three_turns_picks_its_answers_by_turn(client):
    messages, answers = [], []
    for prompt in ("one", "two", "three"):
        messages.append({"role": "user", "content": prompt})
        message = client.chat("turns", messages).message
        messages.append(message)
        answers.append(message.content)
    assert answers == ["First: one", "Second: two", "Turn 3: three, after one"]


def test_the_system_prompt_is_known_to_templates(client):
    messages = [{"role": "system", "content": "Be brief."}, *HELLO]
    assert client.chat("system", messages).message.content == "Be brief."
    assert client.generate("system", "Hello", system="Be brief.").response == (
        "Be brief."
    )


def test_streams_are_gradual(client):
    for parts in (
        client.chat("paced", HELLO, stream=True),
        client.generate("paced", "Hello", stream=True),
    ):
        times = [time.monotonic() for part in parts if not part.done]
        assert len(times) == 11
        assert times[-1] - times[0] == pytest.approx(1.0, abs=0.2)
        assert all(b - a < 0.3 for a, b in pairwise(times))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("keep", "reason"), [(None, "load"), (0, "unload")])
def test_nothing_said_loads_a_model(client, stream, keep, reason):
    chat = client.chat("paced", [], stream=stream, keep_alive=keep)
    prompt = client.generate("paced", "", stream=stream, keep_alive=keep)
    for answer, text in (
        (chat, lambda a: a.message.content),
        (prompt, lambda a: a.response),
    ):
        [answer] = answer if stream else [answer]
        assert (answer.done, answer.done_reason) == (True, reason)
        assert text(answer) == ""
    with pytest.raises(ollama.ResponseError):
        client.chat("nonesuch", [])


def test_models(client, http):
    names = [model.model for model in client.list().models]
    assert "hostile:latest" in names
    assert not {"draft:latest", "keyed:latest"} & set(names)
    assert client.chat(names[names.index("words:latest")], HELLO).done
    assert [model.model for model in client.ps().models] == names
    assert client.show("words").modelinfo["general.basename"] == "words"
    assert http.post("/api/show", json={"name": "words"}).status_code == 200
    version = http.get("/api/version").json()["version"]
    assert [int(number) for number in version.split(".")] >= [0, 9, 0]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"model": "nonesuch:7b"}, 404, "model 'nonesuch:7b' not found: a model is"),
        ({"model": "draft"}, 404, "Known: busy, filtered"),
        ({"model": 7}, 400, "Invalid type for 'model': expected a string"),
        ({"model": None}, 400, "Missing required parameter: 'model'."),
        ({"model": "keyed"}, 401, "No API key was sent"),
        ({"messages": "hi"}, 400, "'messages': expected an array of objects"),
        ({"messages": [{"content": "hi"}]}, 400, "'messages[0].role'"),
        ({"messages": [{"role": "user", "content": []}]}, 400, "'messages[0].content'"),
        ({"stream": "yes"}, 400, "'stream': expected a boolean"),
        ({"think": 1}, 400, "'think': expected a boolean or a string"),
        ({"options": []}, 400, "'options': expected an object"),
        ({"options": {"stop": [1]}}, 400, "'options.stop'"),
        ({"options": {"num_predict": -3}}, 400, "-3 is not from -2"),
    ],
)
def test_errors_say_what_is_wrong_as_ollama_does(http, change, status, words):
    body = {"model": "words", "messages": HELLO} | change
    response = http.post("/api/chat", json=body)
    assert response.status_code == status
    assert response.json().keys() == {"error"}
    assert words in response.json()["error"]
    if "messages" not in change:
        body = {"model": "words", "prompt": "Hello"} | change
        response = http.post("/api/generate", json=body)
        assert (response.status_code, words in response.json()["error"]) == (
            status,
            True,
        )


def test_the_library_raises_what_is_wrong(client):
    for ask in (
        lambda: client.chat("nonesuch", HELLO),
        lambda: list(client.chat("nonesuch", HELLO, stream=True)),
        lambda: client.generate("nonesuch", "Hello"),
        lambda: client.show("nonesuch"),
    ):
        with pytest.raises(ollama.ResponseError) as caught:
            ask()
        assert caught.value.status_code == 404
        assert caught.value.error.startswith("model 'nonesuch' not found: ")
    with pytest.raises(ollama.ResponseError) as caught:
        client.embed("words", "Hello")
    assert caught.value.status_code == 404
    assert "There is no POST /api/embed here" in caught.value.error


def test_an_error_in_mid_stream_is_raised(client):
    for stream in (
        client.chat("limited", HELLO, stream=True),
        client.generate("limited", "Hello", stream=True),
    ):
        assert not next(stream).done
        with pytest.raises(ollama.ResponseError) as caught:
            list(stream)
        assert caught.value.error.startswith("Stopped at the limit of 1 bytes. (run ")


async def test_silence_is_filled_with_what_no_client_sees(api):
    """White space before the next line: an empty one breaks this library."""
    body = {"model": "silent", "messages": HELLO}

    async def bytes_of():
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            return (await http.post(f"{api}/api/chat", json=body)).content

    async def listen():
        async with ollama.AsyncClient(host=api) as client:
            stream = await client.chat("silent", HELLO, stream=True)
            return said([part async for part in stream])

    text, sent = await asyncio.gather(listen(), bytes_of())
    assert text == "Wait.Now."
    first, second, third, after = sent.split(b"\n")
    assert second.startswith(b"  {")
    assert third.startswith(b" {")
    assert (first[:1], after) == (b"{", b"")


def test_a_key_opens_what_is_for_holders_of_one(api, issue_key):
    def ask(secret):
        headers = {"Authorization": f"Bearer {secret}"}
        with ollama.Client(host=api, headers=headers) as client:
            return client.chat("keyed", HELLO).message.content

    assert ask(issue_key()) == "secret"
    assert ask(issue_key("keyed")) == "secret"
    with pytest.raises(ollama.ResponseError) as caught:
        ask(issue_key("words"))
    assert caught.value.status_code == 403


def test_one_too_many_is_429(client, http):
    body = {"model": "busy", "messages": HELLO}
    with http.stream("POST", "/api/chat", json=body) as playing:
        lines = playing.iter_lines()
        next(lines)
        with pytest.raises(ollama.ResponseError) as caught:
            client.chat("busy", HELLO)
    assert caught.value.status_code == 429
    assert "is 1 at once" in caught.value.error


def test_bodies_that_are_no_json(http):
    for path in ("/api/chat", "/api/generate", "/api/show"):
        for body, words in (
            (b"{", "The body is not JSON"),
            (b"", "The body must be a JSON object; this one is nothing."),
            (b"[]", "this one is an array"),
            (b'"\xff"', "not valid UTF-8"),
        ):
            response = http.post(path, content=body)
            assert response.status_code == 400
            assert words in response.json()["error"]
        assert http.get(path).status_code == 405
    assert http.post("/api/tags").status_code == 405


SHOWN = ["hostile", "words", "reasoning", "refusal", "weather", "filtered"]


@pytest.mark.parametrize("model", SHOWN)
def test_every_body_fits_the_types_of_the_library(http, model):
    for path, given, type_ in (
        ("/api/chat", {"messages": HELLO}, ollama.ChatResponse),
        ("/api/generate", {"prompt": "Hello"}, ollama.GenerateResponse),
    ):
        body = {"model": model} | given
        *lines, after = http.post(path, json=body).text.split("\n")
        assert after == ""
        for line in lines:
            validate(type_, json.loads(line))
        validate(type_, http.post(path, json=body | {"stream": False}).json())
        empty = {key: type(value)() for key, value in given.items()}
        validate(type_, http.post(path, json={"model": model} | empty).json())
    validate(ShowResponse, http.post("/api/show", json={"model": model}).json())


def test_lists_fit_the_types_of_the_library(http):
    listed, running = http.get("/api/tags").json(), http.get("/api/ps").json()
    for model in listed["models"]:
        # Which Ollama itself sends, but its library does not read.
        assert model.pop("name") == model["model"]
    validate(ListResponse, listed)
    validate(ProcessResponse, running)


def test_the_same_on_daphne(daphne):
    with ollama.Client(host=daphne) as client:
        assert said(client.chat("hostile", HELLO, stream=True)) == HOSTILE
        assert client.chat("hostile", HELLO).message.content == HOSTILE
