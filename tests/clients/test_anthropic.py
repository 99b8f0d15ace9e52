"""Anthropic's Python SDK, unmodified, on Messages."""

import json
import time
from itertools import pairwise

import anthropic
import httpx
import httpx2
import pytest
from anthropic.types import (
    Message,
    MessageTokensCount,
    ModelInfo,
    RawMessageStreamEvent,
)
from anthropic.types.shared import ErrorResponse
from django.core.asgi import get_asgi_application
from django.test import override_settings
from httpx_sse import connect_sse

from streams.models import Script, Stream
from streams.playing.admission import admit
from tests.clients.scripts import HOSTILE, text_of
from tests.clients.strict import validate

CLIENT = ("anthropic", "Python", "Messages")

HELLO = [{"role": "user", "content": "Hello"}]
ARGUMENTS = {"city": "Oslo 🇳🇴", "days": [1, 2]}
URL = "/v1/messages"


@pytest.fixture
def client(api):
    with anthropic.Anthropic(base_url=api, api_key="any") as client:
        yield client


def ask(model, messages=HELLO, **options):
    return {"model": model, "messages": messages, "max_tokens": 1000} | options


def create(client, model, messages=HELLO, **options):
    return client.messages.create(**ask(model, messages, **options))


def final(client, model, messages=HELLO, **options):
    """Return what the helper puts together from a stream."""
    with client.messages.stream(**ask(model, messages, **options)) as stream:
        return stream.get_final_message()


def said(events):
    return "".join(
        event.delta.text
        for event in events
        if event.type == "content_block_delta" and event.delta.type == "text_delta"
    )


def text_in(message):
    return "".join(block.text for block in message.content if block.type == "text")


def results(message):
    """Return a user's message with a result for each tool call."""
    return {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": block.id, "content": "-3 °C"}
            for block in message.content
            if block.type == "tool_use"
        ],
    }


def test_a_stream_says_exactly_the_script(client):
    events = list(create(client, "hostile", stream=True))
    assert said(events) == HOSTILE
    kinds = [event.type for event in events if event.type != "content_block_delta"]
    assert kinds == [
        "message_start",
        "content_block_start",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[0].message.model == "hostile"
    assert events[-2].delta.stop_reason == "end_turn"


def test_a_whole_answer_says_exactly_the_script(client):
    message = create(client, "hostile")
    [block] = message.content
    assert (block.type, block.text) == ("text", HOSTILE)
    assert (message.role, message.model) == ("assistant", "hostile")
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)


async def test_async_stream_helper_and_answer(api):
    async with anthropic.AsyncAnthropic(base_url=api, api_key="any") as client:
        stream = await create(client, "hostile", stream=True)
        assert said([event async for event in stream]) == HOSTILE
        async with client.messages.stream(**ask("hostile")) as stream:
            assert "".join([text async for text in stream.text_stream]) == HOSTILE
            assert await stream.get_final_text() == HOSTILE
        assert text_in(await create(client, "hostile")) == HOSTILE
        assert (await client.messages.count_tokens(**counted())).input_tokens == 1


def test_the_stream_helper_puts_the_answer_together(client):
    with client.messages.stream(**ask("hostile")) as stream:
        assert "".join(stream.text_stream) == HOSTILE
        assert stream.get_final_text() == HOSTILE
    with client.messages.stream(**ask("weather")) as stream:
        kinds = {event.type for event in stream}
        streamed = stream.get_final_message()
    assert {"text", "input_json", "content_block_stop", "message_stop"} <= kinds
    for message in (streamed, create(client, "weather")):
        text, weather, clock = message.content
        assert text.text == "Let me look.\n"
        assert (weather.type, weather.name) == ("tool_use", "get_weather")
        assert weather.input == ARGUMENTS
        assert (clock.name, clock.input) == ("get_time", {"zone": "CET"})
        assert weather.id != clock.id
        assert message.stop_reason == "tool_use"


def test_a_tool_loop_ends_with_what_the_script_says_to_the_results(client):
    messages = [*HELLO]
    for _ in range(5):
        message = final(client, "weather", messages)
        messages.append({"role": "assistant", "content": message.content})
        if message.stop_reason != "tool_use":
            break
        messages.append(results(message))
    assert text_in(message) == "It is cold, at noon."
    assert message.stop_reason == "end_turn"
    assert len(messages) == 4


def test_the_tool_runner_of_the_sdk_ends_its_loop(client):
    asked = []

    @anthropic.beta_tool
    def get_weather(city: str, days: list[int]) -> str:
        asked.append((city, days))
        return "-3 °C"

    @anthropic.beta_tool
    def get_time(zone: str) -> str:
        asked.append(zone)
        return "noon"

    runner = client.beta.messages.tool_runner(
        **ask("weather"), tools=[get_weather, get_time], max_iterations=5
    )
    assert text_in(runner.until_done()) == "It is cold, at noon."
    assert asked == [tuple(ARGUMENTS.values()), "CET"]


def test_reasoning_is_a_block_of_its_own(client):
    with client.messages.stream(
        **ask("reasoning", thinking={"type": "adaptive"})
    ) as stream:
        events = list(stream)
        streamed = stream.get_final_message()
    thought = "".join(event.thinking for event in events if event.type == "thinking")
    assert thought == "Let me think.\n"
    for message in (streamed, create(client, "reasoning")):
        thinking, text = message.content
        assert (thinking.type, thinking.thinking) == ("thinking", "Let me think.\n")
        assert thinking.signature
        assert (text.type, text.text) == ("text", "42.")
        # As clients must, with the signature.
        back = [*HELLO, {"role": "assistant", "content": message.content}, *HELLO]
        assert text_in(create(client, "reasoning", back)) == "42."


def test_a_refusal_is_text_with_a_reason_to_stop(client):
    for message in (final(client, "refusal"), create(client, "refusal")):
        assert text_in(message) == "I cannot help with that."
        assert message.stop_reason == "refusal"
        assert message.stop_details.type == "refusal"


def test_a_finish_reason_of_the_script(client):
    for message in (final(client, "filtered"), create(client, "filtered")):
        assert (text_in(message), message.stop_reason) == ("Once upon", "refusal")


def counted(**changes):
    return {"model": "reasoning", "messages": HELLO} | changes


def test_usage_is_the_same_in_stream_answer_and_count(client):
    system = "Be brief."
    streamed = final(client, "reasoning", system=system).usage
    whole = create(client, "reasoning", system=system).usage
    assert streamed == whole
    # o200k_base, counted with tiktoken: "Hello", "Be brief.", "Let me think.\n42."
    assert (whole.input_tokens, whole.output_tokens) == (1 + 3, 6)
    assert whole.output_tokens_details.thinking_tokens == 4
    count = client.messages.count_tokens(**counted(system=system))
    assert count.input_tokens == whole.input_tokens
    start = next(iter(create(client, "reasoning", system=system, stream=True)))
    assert start.message.usage.input_tokens == whole.input_tokens


@pytest.mark.parametrize(
    ("options", "text", "reason", "sequence"),
    [
        ({"max_tokens": 3}, "one two three", "max_tokens", None),
        ({"max_tokens": 0}, "", "max_tokens", None),
        ({"stop_sequences": [" four"]}, "one two three", "stop_sequence", " four"),
        (
            {"stop_sequences": ["seven", "two three"]},
            *("one ", "stop_sequence", "two three"),
        ),
        ({"stop_sequences": ["nine"]}, text_of("words"), "end_turn", None),
    ],
)
def test_limits_are_honoured(client, options, text, reason, sequence):
    for message in (
        create(client, "words", **options),
        final(client, "words", **options),
    ):
        assert text_in(message) == text
        assert (message.stop_reason, message.stop_sequence) == (reason, sequence)


def test_a_tool_call_that_is_cut_off_has_no_arguments(client):
    for message in (
        create(client, "weather", max_tokens=6),
        final(client, "weather", max_tokens=6),
    ):
        assert message.stop_reason == "max_tokens"
        assert [block.type for block in message.content] == ["text", "tool_use"]
        assert message.content[1].input == {}


def test_an_empty_answer_has_no_content(client):
    """As Anthropic's own, when a model has nothing to say to the results of tools."""
    result = {"type": "tool_result", "tool_use_id": "t", "content": "x"}
    messages = [*HELLO, {"role": "user", "content": [result]}]
    for message in (
        create(client, "words", messages),
        final(client, "words", messages),
    ):
        assert message.content == []
        assert message.stop_reason == "end_turn"


def test_a_chat_of_three_turns_picks_its_answers_by_turn(client):
    messages, answers = [], []
    for prompt in ("one", "two", "three"):
        messages.append({"role": "user", "content": [{"type": "text", "text": prompt}]})
        message = create(client, "turns", messages)
        messages.append({"role": "assistant", "content": message.content})
        answers.append(text_in(message))
    assert answers == ["First: one", "Second: two", "Turn 3: three, after one"]


@pytest.mark.parametrize(
    "system", ["Be brief.", [{"type": "text", "text": "Be brief."}]]
)
def test_the_system_prompt_is_known_to_templates(client, system):
    assert text_in(create(client, "system", system=system)) == "Be brief."


def test_streams_are_gradual(client):
    with client.messages.stream(**ask("paced")) as stream:
        times = [time.monotonic() for text in stream.text_stream]
    assert len(times) == 11
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.2)
    assert all(b - a < 0.3 for a, b in pairwise(times))


def test_models(client):
    page = client.models.list()
    names = [model.id for model in page]
    assert names == sorted(names)
    assert "hostile" in names
    assert not {"draft", "keyed"} & set(names)
    assert (page.first_id, page.last_id) == (names[0], names[-1])
    model = client.models.retrieve("words")
    assert (model.id, model.display_name, model.type) == ("words", "words", "model")
    assert abs(model.created_at.timestamp() - time.time()) < 3600
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.models.retrieve("nonesuch")
    assert caught.value.type == "not_found_error"


BLOCK = {"type": "text", "text": 7}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"model": "nonesuch"}, anthropic.NotFoundError, "Known: busy, filtered"),
        ({"model": "draft"}, anthropic.NotFoundError, "does not exist"),
        ({"model": 7}, anthropic.BadRequestError, "'model': expected a string"),
        ({"max_tokens": None}, anthropic.BadRequestError, "parameter: 'max_tokens'."),
        ({"max_tokens": -1}, anthropic.BadRequestError, "-1 is not from 0"),
        (
            {"max_tokens": "x"},
            anthropic.BadRequestError,
            "'max_tokens': expected an int",
        ),
        ({"messages": []}, anthropic.BadRequestError, "'messages': empty"),
        ({"messages": "hi"}, anthropic.BadRequestError, "but got a string"),
        (
            {"messages": [{"role": "user"}]},
            *(anthropic.BadRequestError, "parameter: 'messages[0].content'."),
        ),
        (
            {"messages": [*HELLO, {"role": "tool", "content": "x"}]},
            *(anthropic.BadRequestError, "'messages[1].role': 'tool' is no role"),
        ),
        (
            {"messages": [{"role": "user", "content": [{"text": "x"}]}]},
            *(anthropic.BadRequestError, "'messages[0].content[0].type'."),
        ),
        (
            {"messages": [{"role": "user", "content": [BLOCK]}]},
            *(
                anthropic.BadRequestError,
                "'messages[0].content[0].text': expected a st",
            ),
        ),
        ({"system": 1}, anthropic.BadRequestError, "'system': expected a string"),
        ({"stop_sequences": [1]}, anthropic.BadRequestError, "array of strings"),
        (
            {"thinking": True},
            anthropic.BadRequestError,
            "'thinking': expected an object",
        ),
        ({"stream": "yes"}, anthropic.BadRequestError, "'stream': expected a boolean"),
        ({"model": "keyed"}, anthropic.AuthenticationError, "is no API key"),
    ],
)
def test_errors_say_what_is_wrong_as_anthropic_does(client, change, error, words):
    with pytest.raises(error) as caught:
        # Not create(), which is strict about some values itself.
        client.post(URL, body=ask("words") | change, cast_to=Message)
    problem = caught.value
    assert words in problem.api_message
    validate(ErrorResponse, problem.body)
    assert problem.request_id == problem.body["request_id"]
    assert problem.request_id.startswith("req_")


def test_every_answer_names_its_request(client, api):
    raw = client.messages.with_raw_response.create(**ask("words"))
    run = raw.headers["x-stream-run"]
    assert raw.parse()._request_id == raw.request_id == f"req_{run}"
    assert raw.parse().id == f"msg_{run}"
    with client.messages.stream(**ask("words")) as stream:
        assert stream.request_id == f"req_{stream.response.headers['x-stream-run']}"
    ids = {
        client.messages.count_tokens(**counted())._request_id,
        client.models.retrieve("words")._request_id,
        client.models.with_raw_response.list().request_id,
    }
    assert len(ids) == 3
    assert all(one.startswith("req_") for one in ids)


def test_a_key_opens_what_is_for_holders_of_one(api, issue_key):
    def say(secret, model):
        with anthropic.Anthropic(base_url=api, api_key=secret) as client:
            return text_in(create(client, model))

    assert say(issue_key(), "keyed") == "secret"
    assert say(issue_key("keyed"), "keyed") == "secret"
    with pytest.raises(anthropic.PermissionDeniedError):
        say(issue_key("words"), "keyed")
    # As older versions send it, and curl in Anthropic's examples.
    headers = {"x-api-key": issue_key("keyed"), "anthropic-version": "2023-06-01"}
    with httpx.Client(base_url=api, headers=headers, trust_env=False) as http:
        assert (
            http.post(URL, json=ask("keyed")).json()["content"][0]["text"] == "secret"
        )
        names = [one["id"] for one in http.get("/v1/models").json()["data"]]
        assert "keyed" in names
        assert "draft" not in names


def test_429_is_retried_when_the_server_says(api):
    """One stream plays, and has the only place until it ends."""
    client = anthropic.Anthropic(base_url=api, api_key="any", max_retries=3)
    impatient = client.with_options(max_retries=0)
    with client, create(client, "busy", stream=True) as first:
        next(first)
        with pytest.raises(anthropic.RateLimitError) as caught:
            create(impatient, "busy")
        assert caught.value.type == "rate_limit_error"
        assert caught.value.response.headers["retry-after"] == "5"
        retried = client.messages.with_raw_response.create(**ask("busy", max_tokens=1))
        assert retried.retries_taken == 1
        assert text_in(retried.parse()).startswith("x")


@pytest.mark.django_db(transaction=True)
async def test_a_process_that_plays_all_it_can_is_overloaded():
    script = await Script.objects.acreate(slug="s", title="S", body="abc")
    stream = await Stream.objects.acreate(
        slug="s", title="S", script=script, published=True
    )
    transport = httpx2.ASGITransport(app=get_asgi_application())
    client = anthropic.AsyncAnthropic(
        base_url="http://testserver",
        api_key="any",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=transport),
    )
    async with client:
        with override_settings(STREAMS={"MAX_STREAMS": 1}):
            ticket = admit(stream, "")
            with pytest.raises(anthropic.OverloadedError) as caught:
                await create(client, "s")
            ticket.release()
            assert text_in(await create(client, "s")) == "abc"
    assert caught.value.status_code == 529
    assert caught.value.type == "overloaded_error"
    assert caught.value.response.headers["retry-after"] == "5"
    assert "The limit of this site is 1 at once" in caught.value.api_message
    validate(ErrorResponse, caught.value.body)


def test_an_error_in_mid_stream_is_raised(client):
    events = []
    with pytest.raises(anthropic.APIStatusError) as caught:
        events.extend(create(client, "limited", stream=True))
    assert said(events).startswith("a")
    assert caught.value.type == "api_error"
    assert "Stopped at the limit of 1 bytes." in caught.value.api_message
    assert caught.value.request_id == caught.value.body["request_id"]
    validate(ErrorResponse, caught.value.body)
    with pytest.raises(anthropic.APIStatusError):
        final(client, "limited")


def test_bodies_that_are_no_json(api):
    with httpx.Client(base_url=api, trust_env=False) as http:
        for body, words in (
            (b"{", "The body is not JSON"),
            (b"", "The body must be a JSON object; this one is nothing."),
            (b"[]", "this one is an array"),
            (b'"\xff"', "not valid UTF-8"),
        ):
            for url in (URL, f"{URL}/count_tokens"):
                response = http.post(url, content=body)
                assert response.status_code == 400
                error = validate(ErrorResponse, response.json()).error
                assert error.type == "invalid_request_error"
                assert words in error.message
        large = http.post(URL, content=b" " * 3_000_000)
        assert large.status_code == 413
        assert large.json()["error"]["type"] == "request_too_large"
        assert http.get(URL).status_code == 405
        headers = {"anthropic-version": "2023-06-01"}
        unknown = http.post(f"{URL}/batches", json={}, headers=headers)
        assert unknown.status_code == 404
        error = validate(ErrorResponse, unknown.json()).error
        assert error.type == "not_found_error"
        assert "There is no POST /v1/messages/batches here" in error.message


SHOWN = ["hostile", "words", "reasoning", "refusal", "weather", "filtered"]


@pytest.mark.parametrize("model", SHOWN)
def test_every_body_fits_the_types_of_the_sdk(api, model):
    headers = {"anthropic-version": "2023-06-01"}
    with httpx.Client(base_url=api, headers=headers, trust_env=False) as http:
        validate(Message, http.post(URL, json=ask(model)).json())
        with connect_sse(http, "POST", URL, json=ask(model, stream=True)) as source:
            events = list(source.iter_sse())
        pings = [event for event in events if event.event == "ping"]
        assert [json.loads(event.data) for event in pings] == [{"type": "ping"}]
        for event in events:
            if event not in pings:
                parsed = validate(RawMessageStreamEvent, json.loads(event.data))
                assert parsed.type == event.event
        count = http.post(f"{URL}/count_tokens", json=counted(model=model))
        validate(MessageTokensCount, count.json())
        validate(ModelInfo, http.get(f"/v1/models/{model}").json())


def test_the_same_on_daphne(daphne):
    with anthropic.Anthropic(base_url=daphne, api_key="any") as client:
        assert text_in(final(client, "hostile")) == HOSTILE
        assert text_in(create(client, "hostile")) == HOSTILE
