"""Faults as settings, overrides of single requests, and how both are told apart from
what really fails."""

import hashlib
import json

import pytest
from asgiref.sync import sync_to_async as sync
from channels.testing import WebsocketCommunicator
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from streams import journal
from streams.formats.call import Call
from streams.models import Fault, Rule, RuleScript, Run, Script, Stream
from streams.preparing import lookup
from streams.preparing.preparation import prepare
from streams.routing import application

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = {"messages": [{"role": "user", "content": "Hello"}], "model": "hello"}


@pytest.fixture
def published(make_stream):
    """Return a function that publishes a stream with faults."""

    def publish(*faults, body="one two three four five", **settings):
        stream = make_stream(body, **{"unit": "word", **settings})
        for order, values in enumerate(faults):
            Fault.objects.create(stream=stream, order=order, **values)
        return stream

    return sync(publish)


@pytest.fixture
def journaled(settings):
    settings.STREAMS = {**settings.STREAMS, "JOURNAL": True}

    def rows(**filters):
        assert journal.flush()
        return list(Run.objects.filter(**filters).order_by("pk"))

    yield sync(rows)
    journal.flush()


async def test_a_drop_is_named_in_header_and_journal_and_resumes(
    published, play, journaled
):
    await published({"kind": "drop", "after_event": 2, "title": "flaky network"})
    first = await play("hello/events")
    marked = "drop after event 2 (fault: flaky network)"
    assert first.headers["X-Stream-Fault"] == marked
    assert first.text == "one two "
    assert first.events[-1].event == "message"
    second = await play("hello/events", headers={"Last-Event-ID": first.events[-1].id})
    assert second.text == "three four five"
    assert second.events[-1].event == "done"
    assert "X-Stream-Fault" not in second.headers
    runs = await journaled()
    assert [(run.outcome, run.fault) for run in runs] == [
        ("dropped on purpose", marked),
        ("completed", ""),
    ]


async def test_a_drop_that_happens_always_cuts_resumed_connections_too(published, play):
    await published({"kind": "drop", "after_event": 2, "always": True})
    said, last = [], None
    for _ in range(3):
        headers = {"Last-Event-ID": last} if last else {}
        played = await play("hello/events", headers=headers)
        said.append(played.text)
        last = played.events[-1].id
    # Two chunks on each connection: it gets on.
    assert said == ["one two ", "three four ", "five"]
    assert played.events[-1].event == "done"


async def test_a_position_is_that_of_the_script(published, play):
    await published({"kind": "drop", "at_position": 4, "always": True})
    first = await play("hello/events")
    assert first.text == "one "
    again = await play("hello/events", headers={"Last-Event-ID": first.events[-1].id})
    # There it stays.
    assert again.text == ""
    past = first.events[-1].id.replace("-4", "-8")
    assert (await play("hello/events", headers={"Last-Event-ID": past})).text == (
        "three four five"
    )


@pytest.mark.parametrize(
    ("wire_format", "path", "read"),
    [
        ("plain", "hello/events", lambda a: (a["status"], a["code"], a["detail"])),
        (
            "openai-chat",
            "/v1/chat/completions",
            lambda a: (503, a["error"]["code"], a["error"]["message"]),
        ),
        (
            "anthropic",
            "/v1/messages",
            lambda a: (503, "injected_fault", a["error"]["message"]),
        ),
        (
            "gemini",
            "/v1beta/models/hello:generateContent",
            lambda a: (a["error"]["code"], "injected_fault", a["error"]["message"]),
        ),
        ("ollama-chat", "/api/chat", lambda a: (503, "injected_fault", a["error"])),
    ],
)
async def test_a_status_is_in_the_format_s_own_shape_marked_and_journaled(
    published, play, journaled, wire_format, path, read
):
    await published(
        {"kind": "status", "status": 503, "retry_after_s": 7, "title": "down 中"}
    )
    body = {**HELLO, "max_tokens": 9, "contents": [{"parts": [{"text": "Hello"}]}]}
    played = await play(
        path, "post", data=json.dumps(body), content_type="application/json"
    )
    assert played.status == 503
    assert played.headers["Retry-After"] == "7"
    marked = "status 503, retry after 7 s (fault: down 中)"
    assert played.headers["X-Stream-Fault"] == marked.replace("中", "%E4%B8%AD")
    assert read(played.problem) == (
        503,
        "injected_fault",
        "This error is injected on purpose: down 中.",
    )
    [run] = await journaled()
    assert run.run_id == played.headers["X-Stream-Run"]
    assert (run.outcome, run.fault) == ("refused on purpose", marked)
    assert (run.stream, run.format) == ("hello", wire_format)
    assert run.ended is not None


async def test_an_event_source_sees_the_status_as_it_is(published, play):
    """For a limit of ours it would get a 200 that says when to come back."""
    await published({"kind": "status", "status": 429, "retry_after_s": 1})
    accept = {"Accept": "text/event-stream"}
    played = await play("hello/events", headers=accept)
    assert played.status == 429


async def test_a_status_that_no_standard_knows(published, play):
    await published({"kind": "status", "status": 529, "message": "Too much."})
    played = await play("hello/events")
    assert (played.status, played.problem["status"]) == (529, 529)
    assert played.problem["detail"] == "Too much."


async def test_numbered_calls_are_counted_in_each_session(published, play):
    await published({"kind": "status", "status": 500, "calls": "1-2"})
    statuses = [(await play("hello/events")).status for _ in range(4)]
    assert statuses == [500, 500, 200, 200]
    mine = {"X-Stream-Session": "mine"}
    assert (await play("hello/events", headers=mine)).status == 500
    assert (await play("hello/events?session=mine")).status == 500
    assert (await play("hello/events", headers=mine)).status == 200
    # Neither counts, and both tell what the next call would get.
    await play("hello/plan?session=other")
    assert (await play("hello/events?session=other", "head")).status == 200
    assert (await play("hello/events?session=other")).status == 500


async def test_a_thousand_runs_get_exactly_the_faults_predicted(published, play):
    """By the formula of docs/faults.md, and of a run's seed the same fault again."""
    await published(
        {"kind": "drop", "after_event": 1, "chance_percent": 10, "title": "lost"},
        body="a b",
        seed=42,
    )

    def share(seed, number):
        digest = hashlib.sha256(f"lost\n{seed}\n{number}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64

    def prepared(**options):
        call = Call(overrides=options)
        return prepare(lookup.stream_by_slug("hello"), call).context.fault

    hit = await sync(lambda: [bool(prepared()) for _ in range(1000)])()
    assert hit == [share(42, number) < 0.1 for number in range(1, 1001)]
    assert 70 <= sum(hit) <= 130
    # The next calls over HTTP, and with seeds of their own, which no call counts for.
    for number in range(1001, 1021):
        said = (await play("hello/events")).text
        assert said == ("a " if share(42, number) < 0.1 else "a b")
    for seed in range(20):
        once, again = [await play(f"hello/events?seed={seed}") for _ in range(2)]
        assert once.text == again.text == ("a " if share(seed, 0) < 0.1 else "a b")


def test_the_command_predicts_which_calls_get_a_fault(make_stream, capsys):
    stream = make_stream(seed=42)
    Fault.objects.create(stream=stream, kind="drop", title="lost", chance_percent=10)
    Fault.objects.create(stream=stream, kind="status", status=500, calls="1-2, 9")

    def share(seed, number):
        digest = hashlib.sha256(f"lost\n{seed}\n{number}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64

    call_command("streams", "faults", "hello", "--calls", "50", "--json")
    lost, refused = json.loads(capsys.readouterr().out)
    assert lost["calls"] == [n for n in range(1, 51) if share(42, n) < 0.1]
    assert refused["calls"] == [1, 2, 9]
    seed = next(seed for seed in range(100) if share(seed, 0) < 0.1)
    call_command("streams", "faults", "hello", "--calls", "3", "--seed", str(seed))
    assert capsys.readouterr().out.splitlines() == [
        "lost: drop after event 0, on calls: 1-3",
        "status 500, on calls: 1-2",
    ]
    Stream.objects.update(seed=None)
    with pytest.raises(CommandError, match="give the stream one, or --seed"):
        call_command("streams", "faults", "hello")


async def test_the_fault_of_a_run_with_a_seed_made_for_it_shows_again(published, play):
    await published({"kind": "drop", "after_event": 1, "chance_percent": 50})
    for _ in range(20):
        played = await play("hello/events")
        seed = played.headers["X-Stream-Seed"]
        again = await play(f"hello/events?seed={seed}")
        assert again.text == played.text
        assert again.headers.get("X-Stream-Fault") == (
            played.headers.get("X-Stream-Fault")
        )


async def test_a_fault_of_a_rule_happens_where_the_rule_holds(published, play):
    stream = await published({"kind": "status", "status": 500, "title": "down"})

    def add_rule():
        fault = Fault.objects.get()
        Rule.objects.create(stream=stream, title="twice", calls="1-2", fault=fault)

    await sync(add_rule)()
    played = [await play("hello/events") for _ in range(3)]
    assert [one.status for one in played] == [500, 500, 200]
    assert [one.headers["X-Stream-Rule"] for one in played] == [
        *("twice", "twice", "default")
    ]


async def test_a_disabled_fault_does_nothing(published, play):
    await published({"kind": "drop", "enabled": False})
    played = await play("hello/events")
    assert played.events[-1].event == "done"
    assert "X-Stream-Fault" not in played.headers


async def test_a_fault_past_the_end_is_not_announced(published, play, journaled):
    await published({"kind": "drop", "after_event": 300})
    played = await play("hello/events")
    assert played.events[-1].event == "done"
    assert "X-Stream-Fault" not in played.headers
    [run] = await journaled()
    assert (run.outcome, run.fault) == ("completed", "")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("fault=drop:5", 200),
        ("fault=drop:6", 400),
        ("fault=stall:@999:1s", 400),
        ("fault=duplicate:1,drop:6", 400),
        ("hold_after=6", 400),
    ],
)
async def test_a_request_for_what_is_past_the_end_is_refused(
    published, play, asked, code
):
    await published(allow_faults=True)
    played = await play(f"hello/events?{asked}")
    assert played.status == code
    if code == 400:
        assert played.problem["param"] == asked.partition("=")[0]
        assert (
            "would never happen: this answer has 5 events and ends at position 23. Ask"
            " for a place in it." in played.problem["detail"]
        )


async def test_a_connection_that_goes_on_may_be_too_short_for_what_is_asked(
    published, play
):
    await published(allow_faults=True)
    address = "hello/events?fault=drop:4:always"
    last = (await play(address)).events[-1].id
    played = await play(address, headers={"Last-Event-ID": last})
    assert played.events[-1].event == "done"


async def test_several_faults_are_announced_up_to_the_one_that_ends_it(
    published, play, journaled
):
    await published(
        {"kind": "error", "after_event": 3, "error_type": "overloaded"},
        {"kind": "drop", "after_event": 4},
        {"kind": "duplicate", "after_event": 1},
        {"kind": "slow-start", "seconds": 0.01, "title": "cold"},
    )
    played = await play("hello/events")
    announced = played.headers["X-Stream-Fault"].split("; ")
    assert announced == [
        "slow-start of 0.01 s (fault: cold)".replace("-", " "),
        "duplicate after event 1 (fault: duplicate after event 1)",
        "error after event 3 (fault: error 'overloaded' after event 3)",
    ]
    assert [event.data for event in played.events[:-1]] == [
        *("one ", "two ", "two ", "three ")
    ]
    assert played.events[-1].event == "error"
    [run] = await journaled()
    assert run.fault.split("; ") == announced


# Overrides


@pytest.mark.parametrize("name", ["fault=drop:2", "fault=none", "hold_after=1"])
async def test_what_is_not_permitted_is_refused_with_the_remedy(
    make_stream, play, name
):
    await sync(make_stream)()
    played = await play(f"hello/events?{name}")
    assert (played.status, played.problem["code"]) == (403, "fault_not_permitted")
    assert name in played.problem["detail"]
    assert "tick 'Callers may inject faults'" in played.problem["detail"]
    assert "`allow_faults: true`" in played.problem["detail"]
    header, value = name.split("=")
    asked = {f"X-Stream-{header.replace('_', '-')}": value}
    body = json.dumps(HELLO)
    as_json = "application/json"
    refused = await play(
        "/v1/chat/completions", "post", data=body, content_type=as_json, headers=asked
    )
    assert refused.status == 403
    assert refused.problem["error"]["code"] == "fault_not_permitted"


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("hello/events?fault=drop:2", {}),
        ("hello/events", {"headers": {"X-Stream-Fault": "drop:2"}}),
        (
            "hello/events",
            {"data": '{"fault": "drop:2"}', "content_type": "application/json"},
        ),
        ("hello/events", {"data": {"fault": "drop:2"}}),
    ],
)
async def test_a_request_s_own_fault_comes_in_place_of_the_settings(
    published, play, path, options
):
    await published({"kind": "status", "status": 500}, allow_faults=True)
    played = await play(path, "post" if "data" in options else "get", **options)
    assert played.status == 200
    assert played.headers["X-Stream-Fault"] == "drop after event 2 (override)"
    assert played.text == "one two "
    assert (await play("hello/events?fault=none")).events[-1].event == "done"


async def test_a_bad_fault_says_how_they_are_written(published, play):
    await published(allow_faults=True)
    played = await play("hello/events?fault=crash")
    assert (played.status, played.problem["param"]) == (400, "fault")
    assert "`fault=crash` cannot be read" in played.problem["detail"]


CHAT = {**HELLO, "stream": True}
EVERYWHERE = [
    ("/v1/chat/completions", CHAT),
    ("/v1/completions", {"model": "hello", "prompt": "Hi", "stream": True}),
    ("/v1/responses", {"model": "hello", "input": "Hi", "stream": True}),
    ("/v1/messages", {**CHAT, "max_tokens": 100}),
    (
        "/v1beta/models/hello:streamGenerateContent?alt=sse",
        {"contents": [{"parts": [{"text": "Hi"}]}]},
    ),
    ("/api/chat", HELLO),
    ("/api/generate", {"model": "hello", "prompt": "Hi"}),
    ("/v1/threads/runs", {"assistant_id": "hello", "stream": True, "thread": {}}),
    ("hello/events?format=ai-sdk", {"prompt": "Hi"}),
]


@pytest.mark.parametrize(("path", "body"), EVERYWHERE)
async def test_every_endpoint_takes_overrides_from_headers_and_address(
    published, play, path, body
):
    await published(allow_faults=True, unit="grapheme")
    as_json = "application/json"
    headers = {"X-Stream-Seed": "7", "X-Stream-Fault": "truncate:3"}
    if "threads" in path:
        assistant = await play(
            *("/v1/assistants", "post"), data={"model": "hello"}, content_type=as_json
        )
        body = {**body, "assistant_id": assistant.problem["id"]}
    by_header = await play(
        path, "post", data=body, content_type=as_json, headers=headers
    )
    address = f"{path}{'&' if '?' in path else '?'}seed=7&fault=truncate:3"
    by_address = await play(address, "post", data=body, content_type=as_json)
    for played in (by_header, by_address):
        assert played.status == 200, played.body
        assert played.headers["X-Stream-Seed"] == "7"
        marked = "truncate after event 3 (override)"
        assert played.headers["X-Stream-Fault"] == marked
        assert b"[DONE]" not in played.body
        assert b'"done":true' not in played.body
        assert b"message_stop" not in played.body


async def test_a_header_comes_before_the_body_and_the_body_before_the_address(
    make_stream, play
):
    await sync(make_stream)()
    as_json = "application/json"
    body = {**CHAT, "seed": 2}
    path = "/v1/chat/completions?seed=3"
    played = await play(path, "post", data=body, content_type=as_json)
    assert played.headers["X-Stream-Seed"] == "2"
    headers = {"X-Stream-Seed": "1"}
    played = await play(path, "post", data=body, content_type=as_json, headers=headers)
    assert played.headers["X-Stream-Seed"] == "1"


async def test_a_header_out_of_range_is_refused_in_the_caller_s_shape(
    make_stream, play
):
    await sync(make_stream)(max_speed=10)
    played = await play(
        "/v1/messages",
        "post",
        data={**CHAT, "max_tokens": 9},
        content_type="application/json",
        headers={"X-Stream-Speed": "11"},
    )
    assert played.status == 400
    assert "above this stream's limit 10" in played.problem["error"]["message"]


async def test_a_script_that_a_rule_names_can_be_asked_for(make_stream, play):
    def prepare():
        stream = make_stream("own", allow_script=True)
        make_stream("public", slug="public")
        make_stream("hidden", slug="hidden", published=False)
        named = Script.objects.create(slug="named", title="named", body="named")
        rule = Rule.objects.create(stream=stream, title="later", enabled=False)
        RuleScript.objects.create(rule=rule, script=named)

    await sync(prepare)()
    said = {}
    for slug in ("hello-script", "named", "public-script", "hidden-script"):
        played = await play("hello/events", headers={"X-Stream-Script": slug})
        said[slug] = played.text if played.status == 200 else played.problem["code"]
        if played.status == 200:
            assert played.headers["X-Stream-Script"] == slug
            assert played.headers["X-Stream-Rule"] == "override"
            last = played.events[0].id
            resumed = {"X-Stream-Script": slug, "Last-Event-ID": last}
            left = await play("hello/events", headers=resumed)
            assert left.text == played.text[1:]
    assert said == {
        "hello-script": "own",
        "named": "named",
        "public-script": "public",
        "hidden-script": "script_not_found",
    }
    assert "hello-script, named, public-script." in played.problem["detail"]
    refused = await play("public/events?script=named")
    assert (refused.status, refused.problem["code"]) == (403, "script_not_permitted")


# WebSockets


@pytest.fixture
async def socket(published):
    """An open socket on a stream that permits faults and fails on its first call."""
    fault = {"kind": "status", "status": 503, "calls": "1", "title": "cold"}
    await published(fault, allow_faults=True)
    host = [(b"host", b"testserver"), (b"origin", b"http://testserver")]
    socket = WebsocketCommunicator(application, "/ws/streams/hello/", headers=host)
    assert (await socket.connect())[0]
    yield socket
    await socket.disconnect()


async def hear(socket, until):
    frames = []
    while not frames or frames[-1]["event"] != until:
        frames.append(await socket.receive_json_from(5))
    return frames


async def test_a_socket_is_refused_and_told_why_and_gets_its_own_faults(
    socket, journaled
):
    await socket.send_json_to({"action": "start", "session": "mine"})
    refused = await socket.receive_json_from(5)
    assert (refused["event"], refused["code"]) == ("error", 503)
    assert refused["fault"] == "status 503 (fault: cold)"
    # The journal's thread would write it while the next call is counted, which the
    # tests' database in memory refuses.
    await journaled()
    await socket.send_json_to({"action": "start", "session": "mine"})
    opening, *messages, _ = await hear(socket, "done")
    assert "fault" not in opening
    assert len(messages) == 5
    await socket.send_json_to({"action": "start", "fault": "drop:2"})
    opening = await socket.receive_json_from(5)
    assert opening["fault"] == "drop after event 2 (override)"
    said = [(await socket.receive_json_from(5))["data"] for _ in range(2)]
    assert said == ["one ", "two "]
    assert (await socket.receive_output(5))["type"] == "websocket.close"
    runs = await journaled()
    assert [(run.outcome, run.fault, run.session) for run in runs] == [
        ("refused on purpose", "status 503 (fault: cold)", "mine"),
        ("completed", "", "mine"),
        ("dropped on purpose", "drop after event 2 (override)", ""),
    ]
    assert {run.transport for run in runs} == {"websocket"}


async def test_a_request_may_be_held_after_so_many_chunks(socket):
    await socket.send_json_to({"action": "start", "fault": "none", "hold_after": 3})
    said = [(await socket.receive_json_from(5)).get("data") for _ in range(4)]
    assert said == [None, "one ", "two ", "three "]
    assert await socket.receive_nothing(0.2)
    await socket.send_json_to({"action": "release"})
    said = [frame["data"] for frame in await hear(socket, "done")]
    assert said == ["four ", "five", "[DONE]"]


# Answers in whole


async def whole(play, fault, path="/v1/chat/completions"):
    return await play(
        path,
        "post",
        data={**HELLO, "max_tokens": 100},
        content_type="application/json",
        headers={"X-Stream-Fault": fault},
    )


async def test_a_whole_answer_breaks_off_as_a_failing_server_s_would(
    published, play, journaled
):
    await published(allow_faults=True)
    good = json.loads((await whole(play, "none")).body)
    assert good["choices"][0]["message"]["content"] == "one two three four five"
    truncated = await whole(play, "truncate:3")
    assert truncated.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(truncated.body)
    assert truncated.body[:10] == b'{"id":"cha'
    malformed = await whole(play, "malformed:1")
    with pytest.raises(json.JSONDecodeError):
        json.loads(malformed.body)
    dropped = await whole(play, "drop:3")
    assert 0 < len(dropped.body) < int(dropped.headers["Content-Length"])
    assert dropped.headers["Content-Type"] == "application/json"
    assert (await whole(play, "drop")).body == b""
    duplicate = await whole(play, "duplicate:2")
    assert "X-Stream-Fault" not in duplicate.headers
    assert json.loads(duplicate.body)["choices"] == good["choices"]
    runs = await journaled()
    assert [(run.outcome, run.fault) for run in runs] == [
        ("completed", ""),
        ("truncated on purpose", "truncate after event 3 (override)"),
        ("completed", "malformed after event 1 (override)"),
        ("dropped on purpose", "drop after event 3 (override)"),
        ("dropped on purpose", "drop after event 0 (override)"),
        ("completed", ""),
    ]


@pytest.mark.parametrize(
    ("fault", "path", "status", "kind"),
    [
        ("error:2:overloaded", "/v1/messages", 529, "overloaded_error"),
        ("error:2:rate_limit", "/v1/chat/completions", 429, "rate_limit_error"),
        ("error:2", "/v1/chat/completions", 500, "server_error"),
    ],
)
async def test_an_error_in_mid_stream_is_a_status_for_a_whole_answer(
    published, play, journaled, fault, path, status, kind
):
    await published(allow_faults=True)
    played = await whole(play, fault, path)
    assert played.status == status
    assert played.problem["error"]["type"] == kind
    assert played.headers["X-Stream-Fault"] == "error after event 2 (override)"
    [run] = await journaled()
    assert (run.outcome, run.fault) == (
        "failed on purpose",
        "error after event 2 (override)",
    )


async def test_a_response_that_is_kept_breaks_once_and_takes_its_time_always(
    published, play
):
    await published(allow_faults=True)
    as_json = "application/json"
    body = {"model": "hello", "input": "Hi", "stream": True}
    headers = {"X-Stream-Fault": "stall:1:200ms,drop:3"}
    played = await play(
        "/v1/responses", "post", data=body, content_type=as_json, headers=headers
    )
    assert b"three" in played.body
    assert b"four" not in played.body
    key = json.loads(played.events[0].data)["response"]["id"]
    again = await play(f"/v1/responses/{key}?stream=true")
    assert again.headers["X-Stream-Fault"] == "stall after event 1 (override)"
    assert again.events[-1].event == "response.completed"
    assert (await play(f"/v1/responses/{key}")).problem["status"] == "completed"


async def test_a_plan_shows_the_faults_of_the_next_call(published, play):
    await published({"kind": "drop", "after_event": 1, "calls": "2", "title": "second"})
    plans = []
    for _ in range(3):
        plans.append((await play("hello/plan")).problem["fault"])
        await play("hello/events")
    assert plans == ["", "drop after event 1 (fault: second)", ""]


# Settings


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"kind": "status"}, "status", "needs it"),
        ({"kind": "status", "status": 200}, "status", "greater than or equal to 400"),
        ({"kind": "stall", "after_event": 1}, "seconds", "needs it"),
        ({"kind": "drop", "seconds": 1}, "seconds", "leave it blank"),
        ({"kind": "status", "status": 500, "after_event": 1}, "after_event", "blank"),
        ({"kind": "drop", "after_event": 1, "at_position": 1}, "at_position", "one"),
        ({"kind": "drop", "calls": "often"}, "calls", "write `1`"),
        ({"kind": "drop", "chance_percent": 101}, "chance_percent", "100"),
        ({"kind": "error", "error_type": "odd"}, "error_type", "not a valid choice"),
        ({"kind": "crash"}, "kind", "not a valid choice"),
        ({"kind": "drop", "title": "Override"}, "title", "give it another"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make_stream, values, field, words):
    fault = Fault(stream=make_stream(), **values)
    with pytest.raises(ValidationError) as caught:
        fault.full_clean()
    assert words in "".join(caught.value.message_dict[field])


def test_a_fault_without_a_title_is_called_what_it_does(make_stream):
    stream = make_stream()
    fault = Fault(stream=stream, kind="stall", after_event=3, seconds=2)
    fault.full_clean()
    fault.save()
    assert str(fault) == "stall of 2 s after event 3"
    assert (
        Fault.objects.create(stream=stream, kind="drop").title == "drop after event 0"
    )


# The admin


def stream_form(**changes):
    """Return what the admin's form of a stream sends."""
    values = {
        **{"title": "Hello", "slug": "hello", "access": "public", "unit": "word"},
        **{"chunk_size": 1, "delay_ms": 0, "jitter_percent": 0, "ttft_ms": 0},
        **{"max_speed": 10, "retry_ms": 3000, "heartbeat_s": 15, "published": "on"},
        **{"rules-TOTAL_FORMS": 0, "rules-INITIAL_FORMS": 0},
        **{"faults-INITIAL_FORMS": 0},
    }
    return values | changes


def with_faults(*faults):
    """Return the part of it that adds faults."""
    defaults = {"enabled": "on", "chance_percent": 100, "order": 0}
    rows = {"faults-TOTAL_FORMS": len(faults)}
    for index, fault in enumerate(faults):
        for name, value in {**defaults, **fault}.items():
            rows[f"faults-{index}-{name}"] = value
    return rows


@pytest.fixture
def send(make_stream, admin_client):
    """Return a function that fills in the form of a stream of five words; it returns
    what is said to be wrong."""
    stream = make_stream("one two three four five")

    def send(*faults, **changes):
        url = f"/admin/streams/stream/{stream.pk}/change/"
        form = stream_form(script=stream.script_id, **with_faults(*faults), **changes)
        response = admin_client.post(url, form)
        if response.status_code == 302:
            return {}
        errors = {**response.context["adminform"].form.errors}
        for formset in response.context["inline_admin_formsets"]:
            for row in formset.formset.errors:
                errors |= row
            if extra := formset.formset.non_form_errors():
                errors["__all__"] = extra
        return {name: " ".join(found) for name, found in errors.items()}

    return send


def test_the_admin_makes_faults_and_names_them(send):
    errors = send(
        {"kind": "drop", "after_event": 5},
        {"kind": "drop", "after_event": 2, "calls": "1-2"},
        {"kind": "status", "status": 529, "title": "overloaded"},
        allow_faults="on",
    )
    assert errors == {}
    assert [str(fault) for fault in Fault.objects.order_by("pk")] == [
        "drop after event 5",
        "drop after event 2",
        "overloaded",
    ]
    assert Stream.objects.get().allow_faults


@pytest.mark.parametrize(
    ("fault", "field", "message"),
    [
        (
            {"kind": "drop", "after_event": 300},
            "after_event",
            "Fault “drop after event 300” never fires: this script has 5 chunks.",
        ),
        (
            {"kind": "malformed", "after_event": 5},
            "after_event",
            "Fault “malformed after event 5” never fires: this script has 5 chunks.",
        ),
        (
            {"kind": "stall", "at_position": 99, "seconds": 1},
            "at_position",
            "Fault “stall of 1 s at position 99” never fires: this script ends at"
            " position 23.",
        ),
        (
            {"kind": "stall", "after_event": 1},
            "seconds",
            "This kind of fault needs it.",
        ),
        (
            {"kind": "drop", "status": 500},
            "status",
            "“Drop the connection” takes none: leave it blank.",
        ),
    ],
)
def test_the_admin_says_what_is_wrong_with_a_fault(send, fault, field, message):
    assert send(fault) == {field: message}
    assert not Fault.objects.exists()


def test_a_chunk_size_that_leaves_a_fault_no_place_is_told_too(send):
    fault = {"kind": "drop", "after_event": 2}
    message = "Fault “drop after event 2” never fires: this script has 1 chunk."
    assert send(fault, chunk_size=10) == {"after_event": message}


def test_two_faults_of_one_title(send):
    errors = send({"kind": "drop"}, {"kind": "drop"})
    assert "duplicate" in errors["__all__"]


def test_a_copy_of_a_stream_has_copies_of_its_faults(send, admin_client):
    assert send({"kind": "status", "status": 500}) == {}
    stream = Stream.objects.get()
    fault = Fault.objects.get()
    Rule.objects.create(stream=stream, title="first", calls="1", fault=fault)
    admin_client.post(f"/admin/streams/stream/{stream.pk}/duplicate/")
    copy = Stream.objects.get(slug="hello-copy")
    assert copy.faults.get().pk != fault.pk
    assert copy.rules.get().fault == copy.faults.get()
