"""Google's Python SDK, unmodified, on the Gemini API."""

import asyncio
import json
import time
from itertools import pairwise

import httpx
import pytest
from google import genai
from google.genai import errors, types
from httpx_sse import connect_sse

from tests.clients.scripts import HOSTILE, text_of
from tests.clients.strict import validate

CLIENT = ("google-genai", "Python", "Gemini")

HELLO = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
ARGUMENTS = {"city": "Oslo 🇳🇴", "days": [1, 2]}


def make_client(api, key="any", **options):
    return genai.Client(api_key=key, http_options={"base_url": api, **options})


@pytest.fixture
def client(api):
    with make_client(api) as client:
        yield client


@pytest.fixture
def http(api):
    with httpx.Client(base_url=api, trust_env=False) as http:
        yield http


def answer_of(client, model, contents="Hello", **config):
    return client.models.generate_content(model=model, contents=contents, config=config)


def stream_of(client, model, contents="Hello", **config):
    return client.models.generate_content_stream(
        model=model, contents=contents, config=config
    )


def said(chunks):
    return "".join(chunk.text or "" for chunk in chunks)


def test_a_stream_says_exactly_the_script(client):
    chunks = list(stream_of(client, "hostile"))
    assert said(chunks) == HOSTILE
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert all(c.candidates[0].finish_reason is None for c in chunks[:-1])
    assert {chunk.model_version for chunk in chunks} == {"hostile"}
    assert len({chunk.response_id for chunk in chunks}) == 1


def test_a_whole_answer_says_exactly_the_script(client):
    answer = answer_of(client, "hostile")
    assert answer.text == HOSTILE
    assert answer.candidates[0].content.role == "model"
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP


async def test_async_stream_and_answer(api):
    async with make_client(api).aio as client:
        stream = await client.models.generate_content_stream(
            model="hostile", contents="Hello"
        )
        assert said([chunk async for chunk in stream]) == HOSTILE
        answer = await client.models.generate_content(model="hostile", contents="Hello")
        assert answer.text == HOSTILE


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_both_versions_and_both_kinds_of_name(api, version):
    with make_client(api, api_version=version) as client:
        for model in ("words", "models/words", "tunedModels/words"):
            assert answer_of(client, model).text == text_of("words")
            assert said(stream_of(client, model)) == text_of("words")


def test_tool_calls_come_whole(client):
    whole = answer_of(client, "weather")
    streamed = list(stream_of(client, "weather"))
    assert said(streamed) == whole.text == "Let me look.\n"
    of_stream = [c for chunk in streamed for c in chunk.function_calls or []]
    for calls in (whole.function_calls, of_stream):
        assert [call.name for call in calls] == ["get_weather", "get_time"]
        assert calls[0].args == ARGUMENTS
        assert len({call.id for call in calls}) == 2
    for answer in (whole, streamed[-1]):
        assert answer.candidates[0].finish_reason == types.FinishReason.STOP


def test_a_tool_call_that_is_cut_off_is_not_made(client):
    cut = {"max_output_tokens": 8}
    assert answer_of(client, "weather", **cut).function_calls is None
    chunks = list(stream_of(client, "weather", **cut))
    assert not any(chunk.function_calls for chunk in chunks)
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


def weather_tools(asked):
    def get_weather(city: str, days: list[int]) -> str:
        """Tell the weather.

        Args:
            city: Where.
            days: When.
        """
        asked.append((city, days))
        return "-3 °C"

    def get_time(zone: str) -> str:
        """Tell the time.

        Args:
            zone: Where.
        """
        asked.append(zone)
        return "12:00"

    return [get_weather, get_time]


def test_a_chat_that_calls_functions_itself_ends(client):
    """The SDK calls the functions, and gives their results until there are none."""
    asked = []
    chat = client.chats.create(model="weather", config={"tools": weather_tools(asked)})
    assert chat.send_message("Hello").text == "It is cold, at noon."
    assert asked == [("Oslo 🇳🇴", [1, 2]), "CET"]
    asked.clear()
    chat = client.chats.create(model="weather", config={"tools": weather_tools(asked)})
    text = said(chat.send_message_stream("Hello"))
    assert text == "Let me look.\nIt is cold, at noon."
    assert asked == [("Oslo 🇳🇴", [1, 2]), "CET"]


def test_reasoning_is_a_thought(client):
    whole = answer_of(client, "reasoning")
    chunks = list(stream_of(client, "reasoning"))
    assert whole.text == said(chunks) == "42."
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    thought = "".join(part.text for part in parts if part.thought)
    first, second = whole.candidates[0].content.parts
    assert (first.text, first.thought, second.thought) == (thought, True, None)
    assert thought == "Let me think.\n"


def test_thoughts_are_left_out_for_those_who_do_not_want_them(client):
    quiet = {"thinking_config": {"include_thoughts": False}}
    answer = answer_of(client, "reasoning", **quiet)
    assert [part.text for part in answer.candidates[0].content.parts] == ["42."]
    chunks = list(stream_of(client, "reasoning", **quiet))
    assert not any(c.candidates[0].content.parts[0].thought for c in chunks)
    # Thought they were, all the same.
    assert answer.usage_metadata.thoughts_token_count > 0


@pytest.mark.parametrize("model", ["refusal", "filtered"])
def test_refusals_and_filters_are_for_safety(client, model):
    chunks = list(stream_of(client, model))
    whole = answer_of(client, model)
    text = {"refusal": "I cannot help with that.", "filtered": "Once upon"}[model]
    assert whole.text == said(chunks) == text
    for answer in (whole, chunks[-1]):
        assert answer.candidates[0].finish_reason == types.FinishReason.SAFETY


def test_usage_is_the_same_in_stream_and_answer(client):
    chunks = list(stream_of(client, "reasoning", candidate_count=2))
    assert [chunk.usage_metadata for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    usage = answer_of(client, "reasoning", candidate_count=2).usage_metadata
    assert chunks[-1].usage_metadata == usage
    # o200k_base, counted with tiktoken: "Hello", "Let me think.\n" and "42." twice.
    assert usage.prompt_token_count == 1
    assert usage.thoughts_token_count == 2 * 4
    assert usage.candidates_token_count == 2 * 2
    assert usage.total_token_count == 13


def test_tokens_are_counted_as_usage_does(client, http):
    contents = [
        {"role": "user", "parts": [{"text": "Let me think.\n"}, {"text": "42."}]}
    ]
    asked = answer_of(client, "words", contents).usage_metadata.prompt_token_count
    counted = client.models.count_tokens(model="words", contents=contents)
    assert counted.total_tokens == asked > 1
    request = {"generate_content_request": {"model": "models/words", **HELLO}}
    answer = http.post("/v1beta/models/words:countTokens", json=request)
    assert answer.json() == {"totalTokens": 1}
    unknown = http.post("/v1beta/models/nonesuch:countTokens", json=HELLO)
    assert unknown.status_code == 404


def test_several_candidates_come_side_by_side(client):
    answer = answer_of(client, "weather", candidate_count=3)
    assert [candidate.index for candidate in answer.candidates] == [0, 1, 2]
    parts = [part for c in answer.candidates for part in c.content.parts]
    ids = {part.function_call.id for part in parts if part.function_call}
    assert len(ids) == 6
    for chunk in stream_of(client, "words", candidate_count=2):
        assert [candidate.index for candidate in chunk.candidates] == [0, 1]


@pytest.mark.parametrize(
    ("config", "text", "finish"),
    [
        ({"max_output_tokens": 3}, "one two three", "MAX_TOKENS"),
        ({"stop_sequences": [" four"]}, "one two three", "STOP"),
        ({"stop_sequences": ["seven", "two three"]}, "one ", "STOP"),
        (
            {"stop_sequences": ["nine"], "max_output_tokens": 99},
            text_of("words"),
            "STOP",
        ),
    ],
)
def test_limits_are_honoured(client, config, text, finish):
    answer = answer_of(client, "words", **config)
    assert answer.text == text
    assert answer.candidates[0].finish_reason == finish
    chunks = list(stream_of(client, "words", **config))
    assert said(chunks) == text
    assert chunks[-1].candidates[0].finish_reason == finish


@pytest.mark.parametrize("streamed", [False, True])
def test_a_chat_of_three_turns_picks_its_answers_by_turn(client, streamed):
    chat = client.chats.create(model="turns")
    answers = [
        said(chat.send_message_stream(prompt))
        if streamed
        else chat.send_message(prompt).text
        for prompt in ("one", "two", "three")
    ]
    assert answers == ["First: one", "Second: two", "Turn 3: three, after one"]


def test_the_system_prompt_is_known_to_templates(client):
    answer = answer_of(client, "system", system_instruction="Be brief.")
    assert answer.text == "Be brief."


def test_streams_are_gradual(client):
    times = [time.monotonic() for chunk in stream_of(client, "paced") if chunk.text]
    assert len(times) == 11
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.2)
    assert all(b - a < 0.3 for a, b in pairwise(times))


def test_models(client):
    names = [model.name for model in client.models.list()]
    assert "models/hostile" in names
    assert not {"models/draft", "models/keyed"} & set(names)
    model = client.models.get(model="words")
    assert (model.name, model.display_name) == ("models/words", "words")
    assert "generateContent" in model.supported_actions


@pytest.mark.parametrize(
    ("model", "change", "code", "status", "field", "words"),
    [
        ("nonesuch", {}, 404, "NOT_FOUND", "model", "Known: busy, filtered"),
        ("draft", {}, 404, "NOT_FOUND", "model", "does not exist"),
        ("keyed", {}, 401, "UNAUTHENTICATED", None, "is no API key"),
        ("words", {"contents": []}, 400, "INVALID_ARGUMENT", "contents", "empty"),
        ("words", {"contents": "Hi"}, 400, "INVALID_ARGUMENT", "contents", "a string"),
        (
            "words",
            {"contents": [{"role": "user"}]},
            400,
            "INVALID_ARGUMENT",
            "contents[0].parts",
            "Missing required parameter: 'contents[0].parts'.",
        ),
        (
            "words",
            {"contents": [{"role": "assistant", "parts": [{"text": "Hi"}]}]},
            400,
            "INVALID_ARGUMENT",
            "contents[0].role",
            "Use 'user' or 'model'.",
        ),
        (
            "words",
            {"generationConfig": {"candidateCount": 9}},
            400,
            "INVALID_ARGUMENT",
            "generationConfig.candidateCount",
            "9 is not from 1 to 8",
        ),
        (
            "words",
            {"generation_config": {"max_output_tokens": "x"}},
            400,
            "INVALID_ARGUMENT",
            "generation_config.max_output_tokens",
            "expected an integer",
        ),
    ],
)
def test_errors_say_what_is_wrong_as_google_does(
    client, http, model, change, code, status, field, words
):
    body = HELLO | change
    path = f"/v1beta/models/{model}:streamGenerateContent"
    headers = {"x-goog-api-key": "any"}
    as_events = http.post(f"{path}?alt=sse", json=body, headers=headers)
    [error] = http.post(path, json=body, headers=headers).json()
    assert as_events.status_code == code
    assert as_events.json() == error
    assert (error["error"]["code"], error["error"]["status"]) == (code, status)
    assert words in error["error"]["message"]
    if field:
        [detail] = error["error"]["details"]
        assert detail["fieldViolations"][0]["field"] == field


def test_the_sdk_raises_what_is_wrong(client):
    for ask in (answer_of, lambda *args: list(stream_of(*args))):
        with pytest.raises(errors.ClientError) as caught:
            ask(client, "nonesuch")
        assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")
        assert "Known: busy" in caught.value.message


def test_an_error_in_mid_stream_is_raised(client, http):
    stream = stream_of(client, "limited")
    assert next(stream).text == "a"
    with pytest.raises(errors.ServerError) as caught:
        list(stream)
    assert (caught.value.code, caught.value.status) == (500, "INTERNAL")
    assert caught.value.message.startswith("Stopped at the limit of 1 bytes. (run ")
    array = http.post("/v1/models/limited:streamGenerateContent", json=HELLO)
    *chunks, error = array.json()
    assert chunks[0]["candidates"][0]["content"]["parts"] == [{"text": "a"}]
    assert error["error"]["status"] == "INTERNAL"


async def test_an_error_in_mid_stream_is_raised_by_the_async_client(api):
    async with make_client(api).aio as client:
        stream = await client.models.generate_content_stream(
            model="limited", contents="Hello"
        )
        assert (await anext(stream)).text == "a"
        with pytest.raises(errors.ServerError):
            _ = [chunk async for chunk in stream]


async def test_silence_is_filled_with_what_no_client_sees(api):
    """Empty lines between events, white space between the elements of an array."""
    path = f"{api}/v1/models/silent:streamGenerateContent"

    async def bytes_of(query):
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            return (await http.post(path + query, json=HELLO)).content

    async def listen():
        async with make_client(api).aio as client:
            stream = await client.models.generate_content_stream(
                model="silent", contents="Hello"
            )
            return said([chunk async for chunk in stream])

    text, events, array = await asyncio.gather(
        listen(), bytes_of("?alt=sse"), bytes_of("")
    )
    assert text == "Wait.Now."
    assert events.count(b"\r\n\r\n\r\n\r\ndata: ") == 1
    assert events.count(b"\r\n") == 3 * 2 + 3
    assert len(json.loads(array)) == 3
    assert array.count(b"\r\n") == 2 + 3


def test_a_key_opens_what_is_for_holders_of_one(api, issue_key, http):
    def ask(secret):
        with make_client(api, secret) as client:
            return answer_of(client, "keyed").text

    assert ask(issue_key()) == "secret"
    assert ask(issue_key("keyed")) == "secret"
    with pytest.raises(errors.ClientError) as caught:
        ask(issue_key("words"))
    assert (caught.value.code, caught.value.status) == (403, "PERMISSION_DENIED")
    # In the query, as in Google's first examples.
    query = f"?key={issue_key()}"
    answer = http.post(f"/v1/models/keyed:generateContent{query}", json=HELLO)
    assert answer.json()["candidates"][0]["content"]["parts"] == [{"text": "secret"}]
    names = [model["name"] for model in http.get(f"/v1/models{query}").json()["models"]]
    assert "models/keyed" in names


async def test_429_is_retried_until_there_is_room(api):
    """One stream plays, and has the only place until its client leaves."""
    patient = {"attempts": 9, "initial_delay": 0.3, "exp_base": 1, "jitter": 0}
    path = f"{api}/v1/models/busy:streamGenerateContent"
    ask = {"model": "busy", "contents": "Hello", "config": {"max_output_tokens": 1}}
    async with (
        make_client(api).aio as impatient,
        make_client(api, retry_options=patient).aio as client,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        async with http.stream("POST", path, json=HELLO) as playing:
            chunks = playing.aiter_raw()
            await anext(chunks)
            with pytest.raises(errors.ClientError) as caught:
                await impatient.models.generate_content(**ask)
            waiting = asyncio.create_task(client.models.generate_content(**ask))
            await asyncio.sleep(0.5)
            assert not waiting.done()
        assert (await waiting).text.startswith("x")
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
    assert caught.value.response.headers["retry-after"] == "5"
    [detail] = caught.value.details["error"]["details"]
    assert detail["retryDelay"] == "5s"


def test_requests_as_the_documentation_has_them(http):
    """One object in place of an array, no role, snake_case."""
    body = {
        "system_instruction": {"parts": {"text": "Be brief."}},
        "contents": {"parts": {"text": "Hello"}},
    }
    answer = http.post("/v1beta/models/system:generateContent", json=body).json()
    assert answer["candidates"][0]["content"]["parts"] == [{"text": "Be brief."}]


@pytest.mark.parametrize("role", ["user", "function"])
def test_results_of_tools_count_as_rounds(http, role):
    result = {"functionResponse": {"name": "f", "response": {"x": 1}}}
    contents = [
        *HELLO["contents"],
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]},
        {"role": role, "parts": [result, result]},
    ]
    path = "/v1/models/weather:generateContent"

    def text(contents):
        answer = http.post(path, json={"contents": contents}).json()
        return answer["candidates"][0]["content"]["parts"][0]["text"]

    assert text(contents) == "It is cold, at noon."
    # Whoever says something with the results begins anew.
    contents[-1]["parts"].append({"text": "And now?"})
    assert text(contents) == "Let me look.\n"


def test_bodies_that_are_no_json(http):
    path = "/v1/models/words:generateContent"
    for body, words in (
        (b"{", "The body is not JSON"),
        (b"", "The body must be a JSON object; this one is nothing."),
        (b"[]", "this one is an array"),
        (b'"\xff"', "not valid UTF-8"),
    ):
        response = http.post(path, content=body)
        assert response.status_code == 400
        assert words in response.json()["error"]["message"]
    assert http.get(path).status_code == 405
    unknown = http.post("/v1beta/models/words:embedContent", json={})
    assert unknown.status_code == 404
    assert unknown.json()["error"]["status"] == "NOT_FOUND"


SHOWN = ["hostile", "words", "reasoning", "refusal", "weather", "filtered"]


@pytest.mark.parametrize("model", SHOWN)
def test_every_body_fits_the_types_of_the_sdk(http, model):
    body = HELLO | {"generationConfig": {"candidateCount": 2}}
    path = f"/v1beta/models/{model}"
    response = types.GenerateContentResponse
    validate(response, http.post(f"{path}:generateContent", json=body).json())
    stream = f"{path}:streamGenerateContent"
    with connect_sse(http, "POST", f"{stream}?alt=sse", json=body) as source:
        events = [json.loads(event.data) for event in source.iter_sse()]
    for event in events:
        validate(response, event)
    array = http.post(stream, json=body)
    assert array.headers["content-type"] == "application/json; charset=UTF-8"
    assert list(map(nameless, array.json())) == list(map(nameless, events))


def nameless(response):
    """Return a response as text, without the name of its run."""
    run = response["responseId"]
    return json.dumps(response).replace(run, "").replace(run[:20], "")


def test_the_same_on_daphne(daphne):
    with make_client(daphne) as client:
        assert said(stream_of(client, "hostile")) == HOSTILE
        assert answer_of(client, "hostile").text == HOSTILE
