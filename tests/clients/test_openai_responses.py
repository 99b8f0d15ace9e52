"""OpenAI's Python SDK, unmodified, on Responses."""

import json
import time
from itertools import pairwise

import httpx
import openai
import pytest
from httpx_sse import connect_sse
from openai.types.responses import Response, ResponseItemList, ResponseStreamEvent
from pydantic import BaseModel

from tests.clients import kept_content
from tests.clients.scripts import HOSTILE, text_of
from tests.clients.strict import validate
from tests.processes import eventually

CLIENT = ("openai", "Python", "Responses")

ARGUMENTS = {"city": "Oslo 🇳🇴", "days": [1, 2]}
WEATHER = ["Let me look.\n", "get_weather", "get_time"]


@pytest.fixture
def client(api):
    with openai.OpenAI(base_url=f"{api}/v1", api_key="any") as client:
        yield client


@pytest.fixture
def elsewhere(daphne):
    """A client of another process on the same database."""
    with openai.OpenAI(base_url=f"{daphne}/v1", api_key="any") as client:
        yield client


def create(client, model, given="Hello", **options):
    return client.responses.create(model=model, input=given, **options)


def said(events):
    return "".join(e.delta for e in events if e.type == "response.output_text.delta")


def outline(response):
    """Return the texts and names of the output's items."""
    return [
        item.name if item.type == "function_call" else item.content[0].text
        for item in response.output
    ]


def test_a_stream_says_exactly_the_script(client):
    events = list(create(client, "hostile", stream=True))
    assert said(events) == HOSTILE
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert [*dict.fromkeys(kinds)] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert kinds.count("response.completed") == 1
    assert events[-1].response.output_text == HOSTILE
    assert events[-1].response.model == "hostile"


def test_a_whole_answer_says_exactly_the_script(client):
    response = create(client, "hostile")
    assert response.output_text == HOSTILE
    assert (response.status, response.error) == ("completed", None)
    assert response.completed_at >= response.created_at


async def test_async_stream_and_answer(api):
    async with openai.AsyncOpenAI(base_url=f"{api}/v1", api_key="any") as client:
        stream = await create(client, "hostile", stream=True)
        assert said([event async for event in stream]) == HOSTILE
        response = await create(client, "hostile")
        assert response.output_text == HOSTILE
        async with client.responses.stream(model="words", input="Hello") as stream:
            assert (await stream.get_final_response()).output_text == text_of("words")
        again = await client.responses.retrieve(response.id)
        assert again.output_text == HOSTILE


def test_the_stream_helper_puts_the_response_together(client):
    with client.responses.stream(model="weather", input="Hello") as stream:
        events = list(stream)
        final = stream.get_final_response()
    snapshots = [e.snapshot for e in events if e.type == "response.output_text.delta"]
    assert snapshots[-1] == "Let me look.\n"
    arguments = [
        e.snapshot for e in events if e.type == "response.function_call_arguments.delta"
    ]
    assert json.loads(arguments[-2]) == ARGUMENTS
    assert outline(final) == WEATHER
    assert json.loads(final.output[1].arguments) == ARGUMENTS
    assert final.status == "completed"


class Person(BaseModel):
    name: str


def test_structured_output(project, client):
    project.call(kept_content.republish, "with-name", '{"name": "Ann"}', delay_ms=0)
    parsed = client.responses.parse(model="with-name", input="?", text_format=Person)
    assert parsed.output_parsed == Person(name="Ann")
    with client.responses.stream(
        model="with-name", input="?", text_format=Person
    ) as stream:
        assert stream.get_final_response().output_parsed == Person(name="Ann")


def results(response):
    """Return what the caller's functions give back."""
    return [
        {"type": "function_call_output", "call_id": item.call_id, "output": "-3 °C"}
        for item in response.output
        if item.type == "function_call"
    ]


def test_a_tool_loop_ends_with_what_the_script_says_to_the_results(client):
    response = create(client, "weather")
    assert outline(response) == WEATHER
    again = create(
        client, "weather", results(response), previous_response_id=response.id
    )
    assert outline(again) == ["It is cold, at noon."]


def test_a_tool_loop_without_memory(client):
    given = [{"role": "user", "content": "Hello"}]
    for _ in range(5):
        response = create(client, "weather", given, store=False)
        given += [item.model_dump(exclude_none=True) for item in response.output]
        if not results(response):
            break
        given += results(response)
    assert [item.get("type") for item in given] == [
        *(None, "message", "function_call", "function_call"),
        *("function_call_output", "function_call_output", "message"),
    ]
    assert given[-1]["content"][0]["text"] == "It is cold, at noon."


def test_reasoning_is_an_item_of_its_own(client):
    events = list(create(client, "reasoning", stream=True))
    thought = [e.delta for e in events if e.type == "response.reasoning_text.delta"]
    assert ("".join(thought), said(events)) == ("Let me think.\n", "42.")
    for response in (events[-1].response, create(client, "reasoning")):
        first, second = response.output
        assert (first.type, first.summary) == ("reasoning", [])
        assert first.content[0].text == "Let me think.\n"
        assert second.content[0].text == response.output_text == "42."


def test_reasoning_comes_as_a_summary_to_whoever_asks_for_one(client):
    asked = {"reasoning": {"summary": "auto"}}
    events = list(create(client, "reasoning", stream=True, **asked))
    kind = "response.reasoning_summary_text.delta"
    assert "".join(e.delta for e in events if e.type == kind) == "Let me think.\n"
    for response in (events[-1].response, create(client, "reasoning", **asked)):
        assert response.output[0].summary[0].text == "Let me think.\n"
        assert response.output[0].content is None
        assert response.reasoning.summary == "auto"


def test_a_refusal_is_no_text(client):
    with client.responses.stream(model="refusal", input="Hello") as stream:
        events = list(stream)
        streamed = stream.get_final_response()
    deltas = [e.delta for e in events if e.type == "response.refusal.delta"]
    assert "".join(deltas) == "I cannot help with that."
    for response in (streamed, create(client, "refusal")):
        (part,) = response.output[0].content
        assert (part.type, part.refusal) == ("refusal", "I cannot help with that.")
        assert response.output_text == ""


@pytest.mark.parametrize(
    ("model", "options", "text", "status", "reason"),
    [
        (
            "words",
            {"max_output_tokens": 3},
            "one two three",
            *("incomplete", "max_output_tokens"),
        ),
        ("words", {"max_output_tokens": 99}, text_of("words"), "completed", None),
        ("filtered", {}, "Once upon", "incomplete", "content_filter"),
    ],
)
def test_how_a_response_ends(client, model, options, text, status, reason):
    events = list(create(client, model, stream=True, **options))
    assert said(events) == text
    assert events[-1].type == f"response.{status}"
    for response in (events[-1].response, create(client, model, **options)):
        assert (response.output_text, response.status) == (text, status)
        assert response.output[-1].status == status
        details = response.incomplete_details
        assert (details and details.reason) == reason


def test_usage_is_the_same_in_stream_and_answer(client):
    events = list(create(client, "reasoning", stream=True))
    assert events[0].response.usage is None
    usage = create(client, "reasoning").usage
    assert events[-1].response.usage == usage
    # o200k_base, counted with tiktoken: "Hello", "Let me think.\n42.".
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (1, 6, 7)
    assert usage.output_tokens_details.reasoning_tokens == 4


def test_a_chat_of_three_turns_picks_its_answers_by_turn(client):
    previous, answers = None, []
    for prompt in ("one", "two", "three"):
        response = create(client, "turns", prompt, previous_response_id=previous)
        assert response.previous_response_id == previous
        previous = response.id
        answers.append(response.output_text)
    assert answers == ["First: one", "Second: two", "Turn 3: three, after one"]
    listed = client.responses.input_items.list(previous, order="asc").data
    assert [item.content[0].text for item in listed] == [
        *("one", "First: one", "two", "Second: two", "three")
    ]
    # Forgetting the first does not change what the later ones build on.
    client.responses.delete(listed[0].id.replace("msg_", "resp_")[:37])
    again = create(client, "turns", "four", previous_response_id=previous)
    assert again.output_text == "Turn 4: four, after one"


def test_a_chat_without_memory_counts_its_turns_too(client):
    given = []
    for prompt in ("one", "two"):
        given.append({"role": "user", "content": prompt})
        response = create(client, "turns", given, store=False)
        given += response.output
    assert response.output_text == "Second: two"


def test_items_can_be_referred_to_by_their_ids(client):
    first = create(client, "turns", [{"role": "user", "content": "one", "id": "msg_1"}])
    second = create(
        client,
        "turns",
        [
            {"role": "user", "content": "one"},
            {"type": "item_reference", "id": first.output[0].id},
            {"role": "user", "content": "two"},
        ],
    )
    third = create(
        client,
        "turns",
        [
            {"role": "user", "content": "one"},
            {"id": first.output[0].id},
            {"role": "user", "content": "two"},
            {"type": "item_reference", "id": second.output[0].id},
            {"role": "user", "content": "three"},
        ],
    )
    assert third.output_text == "Turn 3: three, after one"
    listed = client.responses.input_items.list(third.id, order="asc")
    assert [item.content[0].text for item in listed] == [
        *("one", "First: one", "two", "Second: two", "three")
    ]
    for unknown in ("msg_x", first.output[0].id.replace("0000", "0009")):
        with pytest.raises(openai.NotFoundError) as caught:
            create(client, "turns", [{"type": "item_reference", "id": unknown}])
        assert f"Item with id '{unknown}' not found." in caught.value.message


def test_instructions_are_the_system_prompt_and_are_not_carried_over(client):
    first = create(client, "system", instructions="Be brief.")
    assert first.output_text == first.instructions == "Be brief."
    developer = [{"role": "developer", "content": "Be kind."}]
    second = create(client, "system", developer, previous_response_id=first.id)
    assert second.output_text == "Be kind."


def test_streams_are_gradual(client):
    times = []
    for event in create(client, "paced", stream=True):
        if event.type == "response.output_text.delta":
            times.append(time.monotonic())
    assert len(times) == 11
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.2)
    assert all(b - a < 0.3 for a, b in pairwise(times))


def test_a_whole_answer_takes_as_long_as_its_stream(client):
    started = time.monotonic()
    create(client, "paced")
    assert time.monotonic() - started == pytest.approx(1.0, abs=0.3)


def test_a_response_is_read_back_anywhere(client, elsewhere):
    settings = {"metadata": {"a": "\0"}, "temperature": 0.5, "user": "me"}
    for response in (
        create(client, "weather", **settings),
        list(create(client, "weather", stream=True, **settings))[-1].response,
    ):
        again = elsewhere.responses.retrieve(response.id)
        assert again.to_dict() == response.to_dict()
        assert again.metadata == {"a": "\0"}


def test_a_kept_response_does_not_change_with_its_script(project, client):
    project.call(
        kept_content.republish, "with-edits", "one two three", unit="word", delay_ms=0
    )
    response = create(client, "with-edits")
    before = list(client.responses.retrieve(response.id, stream=True))
    project.call(
        kept_content.republish, "with-edits", "other", unit="fixed", delay_ms=9000
    )
    assert client.responses.retrieve(response.id).to_dict() == response.to_dict()
    after = list(client.responses.retrieve(response.id, stream=True))
    assert [e.to_dict() for e in after] == [e.to_dict() for e in before]
    assert said(after) == "one two three"


def test_a_response_in_the_background_is_looked_at(client, elsewhere):
    queued = create(client, "slow", background=True)
    started = time.monotonic()
    assert (queued.status, queued.output, queued.background) == ("queued", [], True)
    states = {}
    while time.monotonic() - started < 5:
        response = elsewhere.responses.retrieve(queued.id)
        states.setdefault(response.status, []).append(response.output_text)
        if response.status == "completed":
            break
        time.sleep(0.05)
    assert time.monotonic() - started == pytest.approx(1.4, abs=0.4)
    assert list(states) == ["queued", "in_progress", "completed"]
    assert set(states["queued"]) == {""}
    assert list(dict.fromkeys(states["in_progress"])) == ["a", "ab", "abc"]
    assert states["completed"] == ["abcd"]


def test_a_stream_is_resumed_by_another_process(client, elsewhere):
    seen = []
    with create(client, "paced", background=True, stream=True) as stream:
        for event in stream:
            seen.append(event)
            if said(seen) == "abcde":
                break
    assert [event.type for event in seen[:3]] == [
        *("response.created", "response.queued", "response.in_progress")
    ]
    key, last = seen[0].response.id, seen[-1].sequence_number
    time.sleep(0.25)
    started = time.monotonic()
    rest, times = [], []
    for event in elsewhere.responses.retrieve(key, stream=True, starting_after=last):
        rest.append(event)
        times.append(time.monotonic() - started)
    # What was due meanwhile comes at once, and what was not, when it is.
    assert said(rest[:2]) == "fg"
    assert times[1] < 0.2
    assert times[-1] == pytest.approx(0.4, abs=0.25)
    whole = list(client.responses.retrieve(key, stream=True))
    assert [e.to_dict() for e in seen + rest] == [e.to_dict() for e in whole]
    assert said(whole) == text_of("paced")


def test_the_stream_helper_replays_a_response(client):
    key = create(client, "words").id
    with client.responses.stream(response_id=key, starting_after=5) as stream:
        events = list(stream)
        assert events[0].sequence_number == 6
        assert stream.get_final_response().output_text == text_of("words")


def test_a_background_response_is_cancelled(client, elsewhere):
    key = create(client, "paced", background=True).id
    time.sleep(0.35)
    cancelled = elsewhere.responses.cancel(key)
    text = cancelled.output_text
    assert cancelled.status == "cancelled"
    assert text_of("paced").startswith(text)
    assert 3 <= len(text) <= 8
    assert cancelled.output[0].status == "incomplete"
    assert client.responses.cancel(key) == cancelled
    assert client.responses.retrieve(key) == cancelled
    events = list(client.responses.retrieve(key, stream=True))
    assert said(events) == text
    assert events[-1].type == "response.incomplete"
    assert events[-1].response == cancelled
    # It can be built upon, as it is.
    again = create(client, "turns", "two", previous_response_id=key)
    assert again.output_text == "Second: two"
    items = client.responses.input_items.list(again.id, order="asc").data
    assert items[1].content[0].text == text


def test_what_has_ended_or_is_not_in_the_background_is_not_cancelled(client):
    done = create(client, "words", background=True)
    assert client.responses.cancel(done.id).status == "completed"
    key = create(client, "words").id
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.cancel(key)
    assert "Cannot cancel a synchronous response" in caught.value.message


def test_a_response_is_deleted(api, client):
    key = create(client, "words").id
    answer = httpx.delete(
        f"{api}/v1/responses/{key}",
        headers={"Authorization": "Bearer any"},
        trust_env=False,
    )
    assert answer.json() == {"id": key, "object": "response", "deleted": True}
    for ask in (client.responses.retrieve, client.responses.delete):
        with pytest.raises(openai.NotFoundError) as caught:
            ask(key)
        assert f"Response with id '{key}' not found." in caught.value.message


def test_input_items_are_listed_in_pages(api, client):
    given = [{"role": "user", "content": f"{n}"} for n in range(5)]
    key = create(client, "words", given).id
    pages = client.responses.input_items.list(key, limit=2)
    assert [item.content[0].text for item in pages] == ["4", "3", "2", "1", "0"]
    pages = client.responses.input_items.list(key, limit=2, order="asc")
    assert [item.content[0].text for item in pages.data] == ["0", "1"]
    assert pages.has_more
    assert [item.content[0].text for item in pages] == ["0", "1", "2", "3", "4"]
    for query in ({"limit": 0}, {"order": "up"}, {"after": "msg_x"}):
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.input_items.list(key, **query)
        assert caught.value.param in query


def test_what_is_not_stored_is_forgotten(client):
    key = create(client, "words", store=False).id
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(key)
    with pytest.raises(openai.BadRequestError) as caught:
        create(client, "words", previous_response_id=key)
    assert caught.value.param == "previous_response_id"
    assert caught.value.code == "previous_response_not_found"
    assert f"Previous response with id '{key}' not found." in caught.value.message


def test_responses_are_seen_with_the_key_that_made_them_only(api, client):
    key = create(client, "words").id
    with openai.OpenAI(base_url=f"{api}/v1", api_key="other") as other:
        for ask in (other.responses.retrieve, other.responses.delete):
            with pytest.raises(openai.NotFoundError):
                ask(key)
        with pytest.raises(openai.BadRequestError):
            create(other, "words", previous_response_id=key)
    assert client.responses.retrieve(key).id == key


def test_a_revoked_key_does_not_read_what_it_made(api, project, issue_key):
    from tests.clients import content

    with openai.OpenAI(base_url=f"{api}/v1", api_key=issue_key()) as client:
        response = create(client, "keyed")
        assert client.responses.retrieve(response.id).output_text == "secret"
        project.call(content.revoke_keys)
        with pytest.raises(openai.AuthenticationError):
            client.responses.retrieve(response.id)


def test_a_conversation_that_grows_too_long(client):
    key = create(client, "words", "x " * 750_000).id
    with pytest.raises(openai.BadRequestError) as caught:
        create(client, "words", "x " * 750_000, previous_response_id=key)
    assert caught.value.code == "context_length_exceeded"


def test_nothing_is_kept_for_ever(project, api):
    assert project.call(kept_content.keep_and_prune, days=29)
    assert not project.call(kept_content.keep_and_prune, days=31)


@pytest.mark.parametrize(
    ("change", "error", "param", "words"),
    [
        ({"model": "nonesuch"}, openai.NotFoundError, "model", "Known: busy, filtered"),
        ({"model": 7}, openai.BadRequestError, "model", "expected a string"),
        ({"model": "keyed"}, openai.AuthenticationError, None, "is no API key"),
        ({"input": None}, openai.BadRequestError, "input", "must be provided"),
        ({"input": []}, openai.BadRequestError, "input", "must be provided"),
        ({"input": 5}, openai.BadRequestError, "input", "a string or an array"),
        (
            {"input": [{"role": "bot", "content": ""}]},
            *(openai.BadRequestError, "input[0].role"),
            "Supported values are: user, assistant, system, developer.",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "text"}]}]},
            *(openai.BadRequestError, "input[0].content[0].type"),
            "Invalid value: 'text'",
        ),
        (
            {"input": [{"type": "function_call", "call_id": "c"}]},
            *(openai.BadRequestError, "input[0].name"),
            "Missing required parameter: 'input[0].name'.",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            *(openai.BadRequestError, "tools[0].name"),
            "Missing required parameter: 'tools[0].name'.",
        ),
        ({"tool_choice": "any"}, openai.BadRequestError, "tool_choice", "'any'"),
        ({"metadata": {"a": 1}}, openai.BadRequestError, "metadata.a", "a string"),
        ({"temperature": 3}, openai.BadRequestError, "temperature", "not from 0 to 2"),
        ({"max_output_tokens": 0}, openai.BadRequestError, "max_output_tokens", "0"),
        ({"stream": "yes"}, openai.BadRequestError, "stream", "a boolean"),
        (
            {"background": True, "store": False},
            *(openai.BadRequestError, "store", "requires store=true"),
        ),
        (
            {"conversation": "conv_1"},
            *(openai.NotFoundError, "conversation", "previous_response_id"),
        ),
        (
            {"previous_response_id": "resp_\0"},
            *(openai.BadRequestError, "previous_response_id", "not found"),
        ),
        ({"user": [[]] * 5}, openai.BadRequestError, "user", "a string"),
    ],
)
def test_errors_say_what_is_wrong_as_openai_does(client, change, error, param, words):
    with pytest.raises(error) as caught:
        client.responses.create(**{"model": "words", "input": "Hello"} | change)
    assert caught.value.param == param
    assert words in caught.value.message
    assert caught.value.body.keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "responses", 405),
        ("POST", "responses/resp_x", 405),
        ("GET", "responses/resp_x", 404),
        ("GET", "responses/%00", 404),
        ("GET", "responses/resp_x/input_items", 404),
        ("POST", "responses/resp_x/cancel", 404),
        ("POST", "responses/compact", 404),
        ("GET", "responses/resp_x/other", 404),
    ],
)
def test_paths_and_methods_that_are_not_there(api, method, path, status):
    answer = httpx.request(method, f"{api}/v1/{path}", trust_env=False)
    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


def test_bodies_that_cannot_be_answered(api):
    deep = '{"model":"words","input":"x","metadata":%s}'
    for body, words in (
        (b"", "this one is nothing"),
        (deep.replace("%s", "1e999").encode(), "a number"),
        ((deep % ("[" * 150 + "]" * 150)).encode(), "more than 100 levels"),
    ):
        answer = httpx.post(f"{api}/v1/responses", content=body, trust_env=False)
        assert answer.status_code == 400
        assert words in answer.json()["error"]["message"]


def test_a_bad_number_of_an_event(client):
    key = create(client, "words").id
    for bad in (-1, "x", 10**12):
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.retrieve(key, stream=True, starting_after=bad)
        assert caught.value.param == "starting_after"
    first = next(iter(client.responses.retrieve(key, stream=True, starting_after=0)))
    assert first.sequence_number == 1


def test_a_key_opens_what_is_for_holders_of_one(api, issue_key):
    def ask(secret, model):
        with openai.OpenAI(base_url=f"{api}/v1", api_key=secret) as client:
            return create(client, model).output_text

    assert ask(issue_key(), "keyed") == "secret"
    with pytest.raises(openai.PermissionDeniedError):
        ask(issue_key("words"), "keyed")


def test_429_is_retried_and_leaves_nothing_behind(api, project):
    client = openai.OpenAI(base_url=f"{api}/v1", api_key="any", max_retries=3)
    impatient = client.with_options(max_retries=0)
    with client, create(client, "busy", stream=True, max_output_tokens=1) as first:
        next(first)
        kept = project.call(kept_content.count_kept)
        with pytest.raises(openai.RateLimitError) as caught:
            create(impatient, "busy")
        assert caught.value.response.headers["retry-after"] == "5"
        assert project.call(kept_content.count_kept) == kept
        retried = client.responses.with_raw_response.create(
            model="busy", input="Hello", max_output_tokens=1
        )
        assert retried.retries_taken == 1
        assert retried.parse().output_text.startswith("x")


def test_an_error_in_the_middle_raises(client):
    with pytest.raises(openai.APIError) as caught:
        list(create(client, "limited", stream=True))
    assert "Stopped at the limit of 1 bytes." in caught.value.message
    assert caught.value.code == "server_error"
    with (
        pytest.raises(openai.APIError),
        client.responses.stream(model="limited", input="Hello") as stream,
    ):
        stream.get_final_response()


def test_silence_is_filled_with_comments(api):
    body = {"model": "silent", "input": "Hello", "stream": True}
    with httpx.stream(
        "POST", f"{api}/v1/responses", json=body, trust_env=False
    ) as answer:
        received = b""
        for part in answer.iter_raw():
            received += part
            if b": heartbeat\n\n" in received:
                break
    assert b"Wait." in received
    assert b"Now." not in received


SHOWN = ["hostile", "words", "reasoning", "refusal", "weather", "filtered"]


@pytest.mark.parametrize(
    ("model", "summary"), [*((model, None) for model in SHOWN), ("reasoning", "auto")]
)
def test_every_body_fits_the_types_of_the_sdk(api, model, summary):
    url = f"{api}/v1/responses"
    body = {
        "model": model,
        "input": [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Yes?"},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Look"},
                    {"type": "input_image", "image_url": "data:image/png;base64,"},
                ],
            },
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {
                "type": "function_call",
                "call_id": "c",
                "name": "f",
                "arguments": "{}",
            },
            {"type": "function_call_output", "call_id": "c", "output": "1"},
            {"role": "user", "content": "Again"},
        ],
        "reasoning": {"summary": summary},
        "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": True}],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {"format": {"type": "json_object"}},
        "metadata": {"a": "b"},
        "prompt": {"id": "pmpt_1"},
    }
    with httpx.Client(trust_env=False) as http:
        whole = http.post(url, json=body).json()
        validate(Response, whole)
        key = whole["id"]
        validate(Response, http.get(f"{url}/{key}").json())
        items = http.get(f"{url}/{key}/input_items").json()
        validate(ResponseItemList, items)
        assert len(items["data"]) == 7
        more = {"previous_response_id": key, "input": "More", "background": True}
        queued = http.post(url, json=body | more).json()
        validate(Response, queued)
        validate(Response, http.post(f"{url}/{queued['id']}/cancel").json())
        items = http.get(f"{url}/{queued['id']}/input_items").json()
        validate(ResponseItemList, items)
        assert len(items["data"]) == 8 + len(whole["output"])
        with connect_sse(http, "POST", url, json=body | {"stream": True}) as source:
            events = list(source.iter_sse())
        for event in events:
            data = json.loads(event.data)
            validate(ResponseStreamEvent, data)
            assert data["type"] == event.event
        assert data["response"]["output"] == [
            item
            for event in events
            if event.event == "response.output_item.done"
            for item in [json.loads(event.data)["item"]]
        ]


def test_the_same_on_daphne(elsewhere):
    assert said(create(elsewhere, "hostile", stream=True)) == HOSTILE
    assert create(elsewhere, "hostile").output_text == HOSTILE


def test_a_stream_that_a_client_left_goes_on_by_the_clock(client):
    with create(client, "paced", stream=True) as stream:
        key = next(iter(stream)).response.id

    def completed():
        assert client.responses.retrieve(key).status == "completed"

    assert client.responses.retrieve(key).status == "in_progress"
    eventually(completed, timeout=5)
