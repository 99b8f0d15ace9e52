"""Rules choose what a stream says, wherever it is asked from."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async as sync
from channels.testing import WebsocketCommunicator
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streams.core.hurry import NotNow, hurry
from streams.formats import get_format
from streams.formats.call import Call, Message
from streams.models import Counter, Fault, Script, counter
from streams.models.counter import calls_so_far, count_call
from streams.preparing import choosing, lookup
from streams.preparing.choosing import Counting
from streams.preparing.preparation import prepare
from streams.routing import application as sockets
from streams.serving import recording
from tests.app.rules import make_rule, make_script

pytestmark = pytest.mark.django_db(transaction=True)

HI = [{"role": "user", "content": "the weather"}]
PARTS = [{"parts": [{"text": "the weather"}], "role": "user"}]
UI = [{"id": "1", "role": "user", "parts": [{"type": "text", "text": "the weather"}]}]

# Path and body, for every way to ask that answers with one script.
ENDPOINTS = {
    "plain": ("/streams/hello/events", {"prompt": "the weather"}),
    "envelope": ("/streams/hello/events?format=envelope", {"prompt": "the weather"}),
    "query": ("/streams/hello/events?prompt=the%20weather", None),
    "openai-chat": ("/v1/chat/completions", {"messages": HI}),
    "openai-chat-stream": ("/v1/chat/completions", {"messages": HI, "stream": True}),
    "openai-completions": ("/v1/completions", {"prompt": "the weather"}),
    "openai-responses": ("/v1/responses", {"input": "the weather"}),
    "anthropic": ("/v1/messages", {"messages": HI, "max_tokens": 99}),
    "gemini": ("/v1beta/models/hello:generateContent", {"contents": PARTS}),
    "gemini-stream": (
        "/v1beta/models/hello:streamGenerateContent?alt=sse",
        {"contents": PARTS},
    ),
    "ollama-chat": ("/api/chat", {"messages": HI}),
    "ollama-generate": ("/api/generate", {"prompt": "the weather"}),
    "ai-sdk": ("/api/chat", {"messages": UI}),
    "ai-sdk-completion": ("/api/completion", {"prompt": "the weather"}),
}
JSON = {"content_type": "application/json"}


@pytest.fixture(autouse=True)
def anew():
    lookup._found.clear()
    choosing._told.clear()
    yield
    lookup._found.clear()


def chosen(stream, **call):
    """Return the rule and the script that a call gets."""
    prepared = prepare(stream, Call(**call))
    return prepared.pin.rule, prepared.script


def conversation(*prompts):
    messages = tuple(Message(role="user", content=prompt) for prompt in prompts)
    return {"prompt": prompts[-1], "messages": messages}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_every_endpoint_says_what_the_rule_chose(make_stream, play, endpoint):
    stream = await sync(make_stream)("something else")
    await sync(make_rule)(stream, "Weather: 天气 & co.", "sunny", prompt_text="WEATHER")
    path, body = ENDPOINTS[endpoint]
    if body is None:
        played = await play(path)
    else:
        played = await play(path, "post", data={"model": "hello"} | body, **JSON)
    assert played.status == 200, played.body
    assert played.headers["X-Stream-Script"] == "sunny"
    assert played.headers["X-Stream-Rule"] == "Weather: %E5%A4%A9%E6%B0%94 & co."
    letters = b"".join(played.body.split()).decode()
    assert "something" not in letters
    if played.headers["Content-Type"].startswith("application/json"):
        assert "sunny" in letters


async def test_where_no_rule_holds_the_stream_says_its_own(make_stream, play):
    stream = await sync(make_stream)("something else")
    await sync(make_rule)(stream, "Weather", "sunny", prompt_text="weather")
    await sync(make_rule)(stream, "Off", "never", enabled=False)
    played = await play("hello/events?prompt=hello")
    assert played.text == "something else"
    assert played.headers["X-Stream-Rule"] == "default"
    assert played.headers["X-Stream-Script"] == "hello-script"


async def test_a_background_response_and_a_run_of_a_thread_keep_the_choice(
    make_stream, async_client
):
    """Both are played again from what is kept, and no rule is asked anew."""
    stream = await sync(make_stream)("something else")
    rule = await sync(make_rule)(stream, "Weather", "sunny", prompt_text="weather")

    async def ask(path, body=None):
        if body is None:
            return (await async_client.get(path)).json()
        return (await async_client.post(path, body, **JSON)).json()

    asked = {"model": "hello", "input": "weather", "background": True}
    response = await ask("/v1/responses", asked)
    assistant = await ask("/v1/assistants", {"model": "hello"})
    body = {"assistant_id": assistant["id"], "thread": {"messages": HI}}
    run = await ask("/v1/threads/runs", body)
    await sync(rule.delete)()
    shown = await ask(f"/v1/responses/{response['id']}")
    assert shown["output"][0]["content"][0]["text"] == "sunny"
    said = (await ask(f"/v1/threads/{run['thread_id']}/messages"))["data"][0]
    assert said["content"][0]["text"]["value"] == "sunny"


async def test_a_socket_says_what_the_rule_chose(make_stream):
    stream = await sync(make_stream)("default", unit="line")
    await sync(make_rule)(
        stream, "Two", "second", parameter_name="page", parameter_value="2"
    )
    headers = [(b"origin", b"http://testserver"), (b"host", b"testserver")]
    socket = WebsocketCommunicator(sockets, "/ws/streams/hello/", headers=headers)
    assert (await socket.connect())[0]
    await socket.send_json_to({"action": "start", "prompt": "x", "page": 2})
    events = [await socket.receive_json_from(10) for _ in range(2)]
    await socket.disconnect()
    assert [event.get("data") for event in events] == [None, "second"]


def test_conditions_of_every_kind(make_stream):
    stream = make_stream("default")
    make_rule(stream, "header", "a", header_name="X-Lang", header_value="de")
    make_rule(stream, "model", "b", model_name="gpt-x", turns="2-")
    make_rule(stream, "system", "c", system_text="pirate")
    make_rule(stream, "regex", "d", prompt_test="regex", prompt_text=r"^\d+\?$")
    make_rule(stream, "exact", "e", prompt_test="equals", prompt_text="Hi")
    assert chosen(stream, headers={"x-lang": "de"}) == ("header", "a")
    assert chosen(stream, model="gpt-x", **conversation("a", "b")) == ("model", "b")
    assert chosen(stream, model="gpt-x", **conversation("a"))[0] == "default"
    assert chosen(stream, system="Be a Pirate!")[0] == "system"
    assert chosen(stream, prompt="42?")[0] == "regex"
    assert chosen(stream, prompt="hi ")[0] == "exact"
    assert chosen(stream, prompt="hi there")[0] == "default"
    assert not Counter.objects.exists()


def test_calls_are_counted_for_each_session(make_stream):
    stream = make_stream("default")
    make_rule(stream, "Twice", "busy", calls="1-2")

    def rules(session, times):
        return [chosen(stream, session=session)[0] for _ in range(times)]

    assert rules("a", 3) == ["Twice", "Twice", "default"]
    assert rules("b", 1) == ["Twice"]
    assert rules("", 3) == ["Twice", "Twice", "default"]
    assert calls_so_far(stream.pk, "a") == 3
    # Databases would refuse them.
    assert rules("a\0b\ud800", 1) == ["Twice"]


def test_a_call_counts_whichever_rule_wins(make_stream):
    stream = make_stream("default")
    make_rule(stream, "Weather", "sunny", prompt_text="weather")
    make_rule(stream, "Third", "third", calls="3")
    prompts = ["weather", "weather", "hello", "hello"]
    won = [chosen(stream, prompt=prompt)[0] for prompt in prompts]
    assert won == ["Weather", "Weather", "Third", "default"]


def test_scripts_take_turns_by_the_calls_that_their_rule_answered(make_stream):
    stream = make_stream("default")
    make_rule(stream, "Story", "one", "two", "one", prompt_text="go on")
    make_rule(stream, "Round", "x", "y", then="start-over", model_name="m")

    def scripts(*prompts, **call):
        return [chosen(stream, prompt=prompt, **call)[1] for prompt in prompts]

    said = scripts("go on", "stop", "go on", "go on", "go on")
    assert said == ["one", "hello-script", "two", "one", "one"]
    assert scripts("go on", session="other") == ["one"]
    assert scripts(*"abc", model="m") == ["x", "y", "x"]


def test_scripts_take_turns_by_the_conversation_without_any_state(make_stream):
    stream = make_stream("default")
    make_rule(stream, "Demo", "one", "two", counted="turns")
    for prompts, script in ((["a"], "one"), (["a", "b"], "two"), (["a"], "one")):
        assert chosen(stream, **conversation(*prompts))[1] == script
    assert chosen(stream, **conversation(*"abcd"))[1] == "two"
    assert not Counter.objects.exists()


def test_results_of_tools_go_on_with_the_script_that_asked_for_them(make_stream):
    stream = make_stream("default")
    make_rule(stream, "Agent", "one", "two")
    rounds = [0, 1, 2, 0, 1]
    said = [chosen(stream, prompt="p", round=round)[1] for round in rounds]
    assert said == ["one", "one", "one", "two", "two"]


async def test_plan_and_head_count_nothing(make_stream, play):
    stream = await sync(make_stream)("default")
    await sync(make_rule)(stream, "First", "one", "two", calls="1")
    for _ in range(2):
        plan = await play("hello/plan?session=s")
        assert (plan.problem["rule"], plan.problem["script"]) == ("First", "one")
        head = await play("hello/events?session=s", "head")
        assert head.headers["X-Stream-Rule"] == "First"
    assert (await play("hello/events?session=s")).text == "one"
    asked = {"headers": {"X-Stream-Session": "s"}}
    assert (await play("hello/events", **asked)).text == "default"
    assert (await play("hello/plan?session=s")).problem["rule"] == "default"


async def test_a_resumed_stream_goes_on_with_what_the_rule_chose(make_stream, play):
    stream = await sync(make_stream)("default")
    text = "sunny and warm"
    await sync(make_script)("sunny", text)
    rule = await sync(make_rule)(stream, "First", "sunny", calls="1")
    url = "hello/events?prompt=x"
    first = await play(url)
    assert first.text == text
    last = first.events[4].id

    async def resumed():
        return await play("hello/events", headers={"Last-Event-ID": last})

    again = await resumed()
    assert again.text == text[5:]
    assert again.headers["X-Stream-Rule"] == "resumed"
    assert again.headers["X-Stream-Script"] == "sunny"
    assert await sync(calls_so_far)(stream.pk, "") == 1
    # An edit changes nothing for those who have begun.
    script = await sync(Script.objects.get)(slug="sunny")
    script.body = "rain"
    await sync(script.save)()
    assert (await resumed()).text == text[5:]
    # An id opens nothing that the stream cannot play.
    await sync(rule.delete)()
    reset = await resumed()
    assert reset.events[0].event == "reset"
    assert reset.headers["X-Stream-Rule"] == "default"


async def test_a_script_that_a_rule_plays_needs_no_access_of_its_own(make_stream, play):
    """It may be a draft's, as that of a stream may."""
    private = await sync(make_stream)("secret", "private", published=False)
    stream = await sync(make_stream)("default")
    rule = await sync(make_rule)(stream, "All")
    await sync(rule.parts.create)(order=1, script_id=private.script_id)
    assert (await play("hello/events")).text == "secret"
    assert (await play("private/events")).status == 404


def test_the_journal_names_the_rule(make_stream):
    stream = make_stream("default")
    make_rule(stream, "Käse", "cheese", prompt_text="cheese")
    prepared = prepare(stream, Call(prompt="cheese", session="s"))
    entry = recording.new_entry(
        prepared, get_format("plain"), transport="http", client=""
    )
    assert (entry.rule, entry.script, entry.session) == ("Käse", "cheese", "s")


def test_a_rule_that_is_saved_holds_at_once(make_stream):
    stream = make_stream("default")

    def won():
        return chosen(lookup.stream_by_slug("hello"), prompt="a")

    assert won() == ("default", "hello-script")
    rule = make_rule(stream, "New", "new")
    assert won() == ("New", "new")
    other = make_script("other")
    assert won() == ("New", "new")
    rule.parts.update(script=other)  # tells nobody
    assert won() == ("New", "new")
    rule.parts.get().save()
    assert won() == ("New", "other")
    script = Script.objects.get(slug="other")
    script.body = "changed"
    script.save()
    assert prepare(stream, Call(prompt="a")).plan.steps.spoken == "changed"
    rule.enabled = False
    rule.save()
    assert won()[0] == "default"
    rule.delete()
    assert won()[0] == "default"


def test_rules_cost_no_query_while_they_are_fresh(make_stream):
    stream = make_stream("default")
    make_rule(stream, "Weather", "sunny", prompt_text="weather")
    make_rule(stream, "Rain", "rainy", prompt_test="regex", prompt_text="ra+in")
    asked = [Call(prompt=prompt) for prompt in ("weather", "rain", "else")]
    with CaptureQueriesContext(connection) as queries:
        stream = lookup.stream_by_slug("hello")
    assert len(queries) == 3  # the stream, its rules, which scripts they name
    for call in asked:
        prepare(stream, call)
    with CaptureQueriesContext(connection) as queries, hurry():
        # Nothing of this needs a thread.
        stream = lookup.stream_by_slug("hello")
        said = [prepare(stream, call).script for call in asked]
    assert (said, len(queries)) == (["sunny", "rainy", "hello-script"], 0)
    make_rule(stream, "Third", "third", calls="3")
    stream = lookup.stream_by_slug("hello")
    with hurry(), pytest.raises(NotNow):
        prepare(stream, asked[2])
    assert not Counter.objects.exists()


def test_a_regex_that_runs_over_its_time_is_told_of_once(make_stream, caplog):
    stream = make_stream("default")
    make_rule(stream, "Evil", "evil", prompt_test="regex", prompt_text="(a+)+$")
    make_rule(stream, "Next", "next")
    with caplog.at_level(logging.WARNING, "streams"):
        for _ in range(2):
            assert chosen(stream, prompt="a" * 5000 + "!") == ("Next", "next")
    [record] = caplog.records
    assert "rule 'Evil' of stream 'hello': The regex “(a+)+$” was stopped" in (
        record.getMessage()
    )


def test_a_rule_that_was_saved_past_its_checks_holds_never(make_stream):
    stream = make_stream("default")
    make_rule(stream, "Bad", "bad", turns="soon")
    assert chosen(stream)[0] == "default"


def test_a_rule_brings_its_fault(make_stream):
    """Fail twice, then answer."""
    stream = make_stream("default")
    fault = Fault.objects.create(stream=stream, kind="status", status=503, title="Down")
    make_rule(stream, "Twice", calls="1-2", fault=fault)
    found = []
    for _ in range(4):
        try:
            found.append(prepare(stream, Call()).script)
        except Exception as problem:
            found.append(problem.status)
    assert found == [503, 503, "hello-script", "hello-script"]


def test_numbers_are_given_once_whoever_asks_at_the_same_time(make_stream):
    stream = make_stream("default")
    if connection.vendor == "sqlite" and "memory" in str(
        connection.settings_dict["NAME"]
    ):
        # Threads share one connection there; tests/services asks two workers.
        assert [count_call(stream.pk, "s") for _ in range(5)] == [1, 2, 3, 4, 5]
        return
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: count_call(stream.pk, "s"), range(40)))
    assert sorted(numbers) == list(range(1, 41))


def test_sessions_of_which_nothing_is_heard_begin_anew(make_stream, monkeypatch):
    stream = make_stream("default")
    now = timezone.now()
    for session, days in (("old", 31), ("young", 29)):
        count_call(stream.pk, session)
        rows = Counter.objects.filter(session=session)
        rows.update(updated=now - timedelta(days=days), calls=7)
    monkeypatch.setattr(counter, "_pruned", -counter.PRUNED_EVERY)
    assert [count_call(stream.pk, s) for s in ("old", "young")] == [1, 8]


def test_a_preview_tells_what_the_next_call_gets(make_stream):
    stream = make_stream("default")
    make_rule(stream, "Second", "two", calls="2")
    for _ in range(3):
        assert prepare(stream, Call(), counting=Counting.PREVIEW).pin.rule == "default"
    chosen(stream)
    assert prepare(stream, Call(), counting=Counting.PREVIEW).pin.rule == "Second"


# explain


def explained(capsys, *args):
    call_command("streams", "explain", "hello", *args)
    return capsys.readouterr().out


def test_explain_says_why_each_rule_above_did_not_hold(make_stream, capsys):
    stream = make_stream("default")
    make_rule(stream, "Evil", "evil", prompt_test="regex", prompt_text="(a+)+$")
    make_rule(stream, "Twice", "busy", calls="1-2")
    make_rule(stream, "Off", "off", enabled=False)
    make_rule(stream, "German", "one", "two", header_name="X-Lang", header_value="de")
    make_rule(stream, "Below", "below")
    prompt = "a" * 3000 + "!"
    said = explained(
        capsys,
        "--prompt",
        prompt,
        "--header",
        "X-Lang=de",
        "--call",
        "3",
        "--turn",
        "2",
    )
    lines = said.splitlines()
    assert lines[0].startswith(
        "1  Evil  no: The regex “(a+)+$” was stopped after 50 ms"
    )
    assert lines[1:] == [
        "2  Twice  no: This is call 3 of its session, not 1-2.",
        "3  Off  disabled",
        "4  German  won",
        "5  Below  not asked",
        "Script: two (2 of 2), by rule 'German'.",
    ]
    said = json.loads(explained(capsys, "--prompt", "x", "--json"))
    assert (said["rule"], said["script"], said["call"]) == ("Twice", "busy", 1)
    assert not Counter.objects.exists()


def test_explain_says_when_no_rule_holds(make_stream, capsys):
    stream = make_stream("default")
    make_rule(stream, "Twice", "busy", parameter_name="n", parameter_value="1")
    said = explained(capsys, "--param", "n=2")
    assert said.splitlines() == [
        "1  Twice  no: Parameter n is “2”, not “1”.",
        "Script: hello-script, the stream's own: no rule holds.",
    ]
