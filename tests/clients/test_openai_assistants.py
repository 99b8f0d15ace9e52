"""OpenAI's Python SDK, unmodified, on the Assistants API, which it calls deprecated."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import openai
import pytest
from openai import AssistantEventHandler, AsyncAssistantEventHandler

from tests.clients.assistants import (
    DEPRECATED,
    HELLO,
    answers,
    assistant,
    begin,
    connect,
    kinds,
    outputs,
    spoken,
)
from tests.clients.scripts import HOSTILE, text_of

CLIENT = ("openai", "Python", "Assistants")

pytestmark = pytest.mark.filterwarnings(DEPRECATED)

ARGUMENTS = {"city": "Oslo 🇳🇴", "days": [1, 2]}

SIMPLE_RUN = [
    "thread.run.created",
    "thread.run.queued",
    "thread.run.in_progress",
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.message.created",
    "thread.message.in_progress",
    "thread.message.delta",
    "thread.message.completed",
    "thread.run.step.completed",
    "thread.run.completed",
]


class Listener(AssistantEventHandler):
    """Notes what the SDK's helper makes of a stream."""

    def __init__(self):
        super().__init__()
        self.heard = []

    def on_text_delta(self, delta, snapshot):
        self.heard.append(("text", delta.value))

    def on_text_done(self, text):
        self.heard.append(("text done", text.value))

    def on_tool_call_created(self, tool_call):
        self.heard.append(("tool", tool_call.function.name))

    def on_tool_call_done(self, tool_call):
        self.heard.append(("tool done", tool_call.function.arguments))


# --- Streams and polling --------------------------------------------------------------


def test_a_stream_says_exactly_the_script(beta):
    with beta.threads.runs.stream(
        **begin(beta, "hostile"), event_handler=(listener := Listener())
    ) as stream:
        stream.until_done()
        [message] = stream.get_final_messages()
        run = stream.get_final_run()
        [step] = stream.get_final_run_steps()
    texts = [text for kind, text in listener.heard if kind == "text"]
    assert "".join(texts) == spoken(message) == HOSTILE
    assert listener.heard[-1] == ("text done", HOSTILE)
    assert run.status == "completed"
    assert step.step_details.message_creation.message_id == message.id
    assert answers(beta, run.thread_id) == [HOSTILE]


def test_events_come_in_the_order_of_the_reference(beta):
    given = begin(beta)
    events = list(beta.threads.runs.create(**given, stream=True))
    assert kinds(events) == SIMPLE_RUN
    runs = [e.data for e in events if e.event.startswith("thread.run.")]
    assert {run.id for run in runs if run.object == "thread.run"} == {events[0].data.id}
    assert [e.data.status for e in events[:3]] == ["queued", "queued", "in_progress"]


def test_what_was_streamed_is_kept(beta):
    given = begin(beta, "hostile")
    events = list(beta.threads.runs.create(**given, stream=True))
    thread = given["thread_id"]
    last = {event.data.object: event.data for event in events}
    run = last["thread.run"]
    assert beta.threads.runs.retrieve(run.id, thread_id=thread) == run
    messages = beta.threads.messages.list(thread, order="asc").data
    assert messages[1:] == [last["thread.message"]]
    steps = beta.threads.runs.steps.list(run.id, thread_id=thread).data
    assert steps == [last["thread.run.step"]]
    step = beta.threads.runs.steps.retrieve(
        steps[0].id, run_id=run.id, thread_id=thread
    )
    assert step == steps[0]


def test_polling(beta):
    given = begin(beta, "hostile")
    created = beta.threads.runs.create(**given)
    assert (created.status, created.started_at) == ("queued", None)
    run = beta.threads.runs.poll(created.id, thread_id=given["thread_id"])
    assert run.status == "completed"
    assert run.completed_at >= run.started_at >= run.created_at
    assert answers(beta, given["thread_id"]) == [HOSTILE]


def test_usage_is_the_same_however_it_is_asked_for(beta):
    polled = beta.threads.runs.create_and_poll(**begin(beta, "reasoning"))
    with beta.threads.runs.stream(**begin(beta, "reasoning")) as stream:
        streamed = stream.get_final_run()
    assert polled.usage == streamed.usage
    # o200k_base, counted with tiktoken: "Hello", and "Let me think.\n42.".
    assert polled.usage.prompt_tokens == 1
    assert polled.usage.completion_tokens == 6
    assert polled.usage.total_tokens == 7


def test_a_thread_and_its_run_at_once(beta):
    given = {"assistant_id": assistant(beta, "turns"), "thread": {"messages": HELLO}}
    with beta.threads.create_and_run_stream(**given) as stream:
        events = list(stream)
        run = stream.get_final_run()
    assert [kinds(events)[0], *SIMPLE_RUN] == ["thread.created", *SIMPLE_RUN]
    assert kinds(events)[1:] == SIMPLE_RUN
    assert events[0].data.id == run.thread_id
    assert answers(beta, run.thread_id) == ["First: Hello"]
    run = beta.threads.create_and_run_poll(**given)
    assert answers(beta, run.thread_id) == ["First: Hello"]


async def test_async_versions(api):
    async with openai.AsyncOpenAI(base_url=f"{api}/v1", api_key="any") as client:
        beta = client.beta
        made = await beta.assistants.create(model="hostile")
        thread = await beta.threads.create(messages=HELLO)
        given = {"assistant_id": made.id, "thread_id": thread.id}
        said = []
        async with beta.threads.runs.stream(
            **given, event_handler=AsyncAssistantEventHandler()
        ) as stream:
            async for text in stream.text_deltas:
                said.append(text)
            assert (await stream.get_final_run()).status == "completed"
        assert "".join(said) == HOSTILE
        run = await beta.threads.runs.create_and_poll(**given)
        assert run.status == "completed"
        messages = [m async for m in beta.threads.messages.list(thread.id)]
        assert [spoken(m) for m in messages] == [HOSTILE, HOSTILE, "Hello"]


def test_streams_are_gradual(beta):
    times = []
    with beta.threads.runs.stream(**begin(beta, "paced")) as stream:
        for _ in stream.text_deltas:
            times.append(time.monotonic())
    assert len(times) == 11
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.2)
    assert all(b - a < 0.3 for a, b in pairwise(times))


def test_a_polled_run_takes_as_long_as_its_stream(beta):
    """And the server says when to look again."""
    given = begin(beta, "paced")
    started = time.monotonic()
    run = beta.threads.runs.create(**given)
    where = {"run_id": run.id, "thread_id": given["thread_id"]}
    raw = beta.threads.runs.with_raw_response.retrieve(**where)
    assert raw.parse().status == "in_progress"
    assert 600 < int(raw.headers["openai-poll-after-ms"]) <= 1000
    assert answers(beta, given["thread_id"]) == []
    assert beta.threads.runs.poll(**where).status == "completed"
    assert time.monotonic() - started == pytest.approx(1.0, abs=0.3)
    raw = beta.threads.runs.with_raw_response.retrieve(**where)
    assert "openai-poll-after-ms" not in raw.headers


def test_a_run_ends_well_whose_client_left(beta):
    given = begin(beta, "paced")
    with beta.threads.runs.create(**given, stream=True) as events:
        run = next(events).data
    polled = beta.threads.runs.poll(run.id, thread_id=given["thread_id"])
    assert polled.status == "completed"
    assert answers(beta, given["thread_id"]) == ["abcdefghijk"]


# --- What is said ---------------------------------------------------------------------


def test_reasoning_is_left_out(beta):
    with beta.threads.runs.stream(**begin(beta, "reasoning")) as stream:
        assert "".join(stream.text_deltas) == "42."
        run = stream.get_final_run()
    assert answers(beta, run.thread_id) == ["42."]


def test_a_refusal_is_a_part_of_its_own(beta):
    with beta.threads.runs.stream(**begin(beta, "refusal")) as stream:
        [streamed] = stream.get_final_messages()
    kept = beta.threads.messages.list(streamed.thread_id).data[0]
    assert kept == streamed
    [part] = kept.content
    assert (part.type, part.refusal) == ("refusal", "I cannot help with that.")


@pytest.mark.parametrize(
    ("model", "options", "text", "reasons"),
    [
        (
            "words",
            {"max_completion_tokens": 3},
            "one two three",
            ("max_completion_tokens", "max_tokens"),
        ),
        ("filtered", {}, "Once upon", (None, "content_filter")),
    ],
)
def test_runs_that_end_early_are_incomplete(beta, model, options, text, reasons):
    given = begin(beta, model)
    events = list(beta.threads.runs.create(**given, **options, stream=True))
    assert kinds(events)[-3:] == [
        "thread.message.incomplete",
        "thread.run.step.completed",
        "thread.run.incomplete",
    ]
    run, message = events[-1].data, events[-3].data
    assert run.incomplete_details.reason == reasons[0]
    assert message.incomplete_details.reason == reasons[1]
    assert run.usage.completion_tokens == len(text.split())
    assert answers(beta, given["thread_id"]) == [text]
    run = beta.threads.runs.create_and_poll(**begin(beta, model), **options)
    assert run.status == "incomplete"


def test_enough_tokens_are_no_limit(beta):
    run = beta.threads.runs.create_and_poll(**begin(beta), max_completion_tokens=99)
    assert (run.status, run.max_completion_tokens) == ("completed", 99)
    assert answers(beta, run.thread_id) == [text_of("words")]


def test_a_script_that_says_nothing_makes_an_empty_message(beta):
    given = begin(beta, "system")
    run = beta.threads.runs.create_and_poll(**given)
    assert run.status == "completed"
    assert answers(beta, run.thread_id) == [""]


def test_three_turns_in_one_thread_are_told_apart(beta):
    given = begin(beta, "turns", messages=[])
    thread = given["thread_id"]
    for prompt in ("one", "two"):
        beta.threads.messages.create(thread, role="user", content=prompt)
        beta.threads.runs.create_and_poll(**given)
    added = [{"role": "user", "content": [{"type": "text", "text": "three"}]}]
    with beta.threads.runs.stream(**given, additional_messages=added) as stream:
        stream.until_done()
    expected = ["First: one", "Second: two", "Turn 3: three, after one"]
    assert answers(beta, thread) == expected


@pytest.mark.parametrize(
    ("own", "options", "told"),
    [
        ("Be brief.", {}, "Be brief."),
        ("Be brief.", {"additional_instructions": "Be kind."}, "Be brief.\nBe kind."),
        ("Be brief.", {"instructions": "Be long."}, "Be long."),
        (None, {"additional_instructions": "Be kind."}, "Be kind."),
    ],
)
def test_instructions_are_the_system_prompt(beta, own, options, told):
    given = begin(beta, "system", instructions=own)
    run = beta.threads.runs.create_and_poll(**given, **options)
    assert run.instructions == told
    assert answers(beta, run.thread_id) == [told]


def test_a_run_may_have_a_model_of_its_own(beta):
    run = beta.threads.runs.create_and_poll(**begin(beta), model="hostile")
    assert run.model == "hostile"
    assert answers(beta, run.thread_id) == [HOSTILE]


# --- Tools ----------------------------------------------------------------------------


def test_a_tool_loop_of_streams(beta):
    with beta.threads.runs.stream(
        **begin(beta, "weather"), event_handler=(listener := Listener())
    ) as stream:
        events = list(stream)
        run = stream.get_final_run()
        said, called = stream.get_final_run_steps()
    assert kinds(events) == [
        *SIMPLE_RUN[:-1],
        "thread.run.step.created",
        "thread.run.step.in_progress",
        "thread.run.step.delta",
        "thread.run.requires_action",
    ]
    assert listener.heard[-1][0] == "tool done"
    tools = [what for what in listener.heard if what[0] == "tool"]
    assert tools == [("tool", "get_weather"), ("tool", "get_time")]
    calls = run.required_action.submit_tool_outputs.tool_calls
    assert json.loads(calls[0].function.arguments) == ARGUMENTS
    assert [c.id for c in called.step_details.tool_calls] == [c.id for c in calls]
    where = {"run_id": run.id, "thread_id": run.thread_id}
    # The step is kept as the SDK put it together from the deltas.
    kept = beta.threads.runs.steps.retrieve(called.id, **where)
    for kept_call, call in zip(
        kept.step_details.tool_calls, called.step_details.tool_calls, strict=True
    ):
        assert kept_call.function == call.function

    with beta.threads.runs.submit_tool_outputs_stream(
        **where, tool_outputs=outputs(run), event_handler=Listener()
    ) as stream:
        events = list(stream)
        final = stream.get_final_run()
        [message] = stream.get_final_messages()
    assert kinds(events) == ["thread.run.step.completed", *SIMPLE_RUN[1:]]
    answered = events[0].data
    assert answered.id == called.id
    assert [c.function.output for c in answered.step_details.tool_calls] == [
        *("-3 °C", "-3 °C")
    ]
    assert spoken(message) == "It is cold, at noon."
    assert (final.id, final.status) == (run.id, "completed")
    assert final.required_action is None
    assert answers(beta, run.thread_id) == ["Let me look.\n", "It is cold, at noon."]
    steps = beta.threads.runs.steps.list(**where, order="asc").data
    assert [step.type for step in steps] == [
        *("message_creation", "tool_calls", "message_creation")
    ]
    assert final.usage.total_tokens == sum(step.usage.total_tokens for step in steps)
    assert beta.threads.runs.retrieve(**where) == final


def test_a_tool_loop_of_polls(beta):
    run = beta.threads.runs.create_and_poll(**begin(beta, "weather"))
    assert run.status == "requires_action"
    assert run.usage is None
    where = {"run_id": run.id, "thread_id": run.thread_id}
    run = beta.threads.runs.submit_tool_outputs_and_poll(
        **where, tool_outputs=outputs(run)
    )
    assert run.status == "completed"
    assert answers(beta, run.thread_id) == ["Let me look.\n", "It is cold, at noon."]


def test_a_limit_of_tokens_is_for_the_whole_run(beta):
    given = begin(beta, "weather")
    whole = beta.threads.runs.create_and_poll(**given)
    where = {"run_id": whole.id, "thread_id": whole.thread_id}
    whole = beta.threads.runs.submit_tool_outputs_and_poll(
        **where, tool_outputs=outputs(whole)
    )
    calls = beta.threads.runs.steps.list(**where).data[1]
    # Two tokens less, and none at all after the calls.
    for most in (whole.usage.completion_tokens - 2, calls.usage.completion_tokens):
        run = beta.threads.runs.create_and_poll(**given, max_completion_tokens=most)
        run = beta.threads.runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs(run)
        )
        assert (run.status, run.usage.completion_tokens) == ("incomplete", most)
    assert answers(beta, run.thread_id)[-1] == ""


def test_results_must_fit_the_calls(beta):
    run = beta.threads.runs.create_and_poll(**begin(beta, "weather"))
    where = {"run_id": run.id, "thread_id": run.thread_id}
    submit = beta.threads.runs.submit_tool_outputs
    for given, words in (
        (outputs(run)[:1], "Expected tool outputs for call_ids"),
        ([{"tool_call_id": "call_x", "output": "1"}], "got call_x"),
        ([], "empty"),
        ([{"output": "1"}], "tool_outputs[0].tool_call_id"),
    ):
        with pytest.raises(openai.BadRequestError, match=words.replace("[", r"\[")):
            submit(**where, tool_outputs=given)
    assert submit(**where, tool_outputs=outputs(run)).status == "queued"
    with pytest.raises(openai.BadRequestError, match='status "completed" do not'):
        submit(**where, tool_outputs=outputs(run))


# --- Ends that nobody wants -----------------------------------------------------------


def test_one_run_at_a_time(beta):
    given = begin(beta, "paced")
    run = beta.threads.runs.create(**given)
    with pytest.raises(openai.BadRequestError, match="already has an active run"):
        beta.threads.runs.create(**given)
    with pytest.raises(openai.BadRequestError, match="Can't add messages to thread_"):
        beta.threads.messages.create(given["thread_id"], role="user", content="x")
    beta.threads.runs.poll(run.id, thread_id=given["thread_id"])
    beta.threads.messages.create(given["thread_id"], role="user", content="x")
    run = beta.threads.runs.create(**given)
    where = {"run_id": run.id, "thread_id": run.thread_id}
    beta.threads.runs.cancel(**where)


@pytest.mark.parametrize("server", ["api", "daphne"])
def test_a_cancelled_stream_ends_with_what_was_said(request, publish, server):
    """What is kept is what was streamed, to the letter, and at once."""
    with connect(request.getfixturevalue(server)) as beta:
        cancel_while_it_streams(beta, publish)


def cancel_while_it_streams(beta, publish):
    script = "".join(f"{number:04}" for number in range(200))
    publish("ticking", script, delay_ms=3)
    given = begin(beta, "ticking")
    thread, events, said = given["thread_id"], [], ""
    with (
        ThreadPoolExecutor(1) as other,
        beta.threads.runs.create(**given, stream=True) as stream,
    ):
        for event in stream:
            events.append(event)
            if event.event == "thread.message.delta":
                said += event.data.delta.content[0].text.value
                if len(said) == 100:
                    where = {"run_id": events[0].data.id, "thread_id": thread}
                    cancelling = other.submit(beta.threads.runs.cancel, **where)
        assert kinds(events)[-5:] == [
            "thread.message.delta",
            "thread.run.cancelling",
            "thread.message.incomplete",
            "thread.run.step.cancelled",
            "thread.run.cancelled",
        ]
        message, step, run = (event.data for event in events[-3:])
        assert beta.threads.runs.retrieve(**where) == run
        assert beta.threads.messages.list(thread).data[0] == message
        assert beta.threads.runs.steps.list(**where).data == [step]
        beta.threads.messages.create(thread, role="user", content="Go on")
        assert cancelling.result().status == "cancelling"
    assert script.startswith(said)
    assert 100 <= len(said) < 600
    assert spoken(message) == said
    assert message.incomplete_details.reason == "run_cancelled"


def test_a_cancelled_run_keeps_what_would_have_been_said(beta):
    run = beta.threads.runs.create(**begin(beta, "paced"))
    where = {"run_id": run.id, "thread_id": run.thread_id}
    time.sleep(0.45)
    assert beta.threads.runs.cancel(**where).status == "cancelling"
    kept = beta.threads.runs.retrieve(**where)
    assert (kept.status, kept.usage) == ("cancelled", None)
    [said] = answers(beta, run.thread_id)
    assert "abcdefghijk".startswith(said) and 3 <= len(said) <= 8
    with pytest.raises(openai.BadRequestError, match="status 'cancelled'"):
        beta.threads.runs.cancel(**where)


def test_a_run_that_waits_for_results_can_be_cancelled(beta):
    run = beta.threads.runs.create_and_poll(**begin(beta, "weather"))
    where = {"run_id": run.id, "thread_id": run.thread_id}
    beta.threads.runs.cancel(**where)
    assert beta.threads.runs.retrieve(**where).status == "cancelled"
    step = beta.threads.runs.steps.list(**where).data[0]
    assert (step.type, step.status) == ("tool_calls", "cancelled")


def test_an_error_in_the_middle_raises(beta):
    given = begin(beta, "limited")
    with pytest.raises(openai.APIError, match="Stopped at the limit of 1 bytes"):
        list(beta.threads.runs.create(**given, stream=True))
    with (
        pytest.raises(openai.APIError, match="Stopped at the limit"),
        beta.threads.runs.stream(**given) as stream,
    ):
        stream.until_done()


def test_429_is_retried_when_the_server_says(api, beta):
    """And nothing is kept of the run that was refused."""
    first, second = begin(beta, "busy"), begin(beta, "busy")
    where = {"thread_id": first["thread_id"]}
    client = openai.OpenAI(base_url=f"{api}/v1", api_key="any", max_retries=3)
    with client, beta.threads.runs.create(**first, stream=True) as stream:
        run = next(stream).data
        impatient = client.with_options(max_retries=0).beta.threads.runs
        for options in ({}, {"stream": True}):
            with pytest.raises(openai.RateLimitError) as caught:
                impatient.create(**second, **options)
            assert caught.value.response.headers["retry-after"] == "5"
        assert list(beta.threads.runs.list(second["thread_id"])) == []
        retried = client.beta.threads.runs.with_raw_response.create(
            **second, max_completion_tokens=1
        )
        assert retried.retries_taken == 1
        assert retried.parse().status == "queued"
    beta.threads.runs.poll(run.id, **where)
