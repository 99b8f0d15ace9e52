"""The direct lane gives what the ordinary lane gives, whatever the site has around it."""

import asyncio
import gc
import json
import weakref
from contextvars import ContextVar

import pytest
from asgiref.sync import sync_to_async as sync
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished

from streams.asgi import direct
from streams.formats import FORMATS, get_format
from streams.playing import admission
from streams.playing.run import Run
from tests.app import lane_site
from tests.asgi_client import ask, freeze, open_exchange
from tests.oracles import spoken

pytestmark = pytest.mark.django_db(transaction=True)

HI = [{"role": "user", "content": "Hi"}]
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
BODIES = {
    "plain": {"prompt": "Hi"},
    "envelope": {"prompt": "Hi"},
    "openai-chat": {"messages": HI, "stream": True},
    "openai-completions": {"prompt": "Hi", "stream": True},
    "openai-responses": {"input": "Hi", "stream": True},
    "openai-assistants": {"assistant_id": "hello", "stream": True},
    "anthropic": {"max_tokens": 99, "messages": HI, "stream": True},
    "gemini": CONTENTS,
    "gemini-array": CONTENTS,
    "ollama-chat": {"messages": HI},
    "ollama-generate": {"prompt": "Hi"},
    "ai-sdk": {
        "messages": [
            {"id": "m", "role": "user", "parts": [{"type": "text", "text": "Hi"}]}
        ]
    },
}
SCRIPT = (
    "<!-- stream: reasoning -->Well.<!-- stream: /reasoning -->"
    "Grüße, 今天 👩‍👩‍👧‍👦.\n<!-- stream: pause 5ms --> More \u2028 of it.\n"
)
JSON = {"content-type": "application/json"}


@pytest.fixture
def both(monkeypatch):
    """Return a function that asks on both lanes, and returns what both answer."""
    freeze(monkeypatch)

    async def both(path, **options):
        application = get_asgi_application()
        ordinary = await ask(application, path, **options)
        on_direct = await ask(direct(application), path, **options)
        assert on_direct.status == ordinary.status
        assert on_direct.header_list == ordinary.header_list
        assert on_direct.body == ordinary.body
        assert on_direct.complete
        assert ordinary.complete
        return on_direct

    return both


async def test_every_format_gives_the_same_bytes(make_stream, both):
    await sync(make_stream)(SCRIPT, seed=7, delay_ms=1, jitter_percent=50)
    # Other tests may have registered formats of their own in this process.
    ours = {n for n, f in FORMATS.items() if f.__module__.startswith("streams.")}
    assert ours == set(BODIES)
    for name, body in BODIES.items():
        path = f"/streams/hello/events?format={name}"
        body = json.dumps({"model": "hello"} | body).encode()
        answer = await both(path, method="POST", body=body, headers=JSON)
        assert answer.status == 200
        assert answer.headers["content-type"] == get_format(name).media_type
        assert "今" in answer.body.decode() or "\\u" in answer.body.decode()


# Of an assistant's run, the whole is asked for with another request.
WITH_WHOLE = [n for n in BODIES if "stream" in BODIES[n] and n != "openai-assistants"]


@pytest.mark.parametrize("name", WITH_WHOLE)
async def test_a_whole_answer_is_the_same(make_stream, both, name):
    await sync(make_stream)(SCRIPT, seed=7)
    body = json.dumps({"model": "hello"} | BODIES[name] | {"stream": False}).encode()
    path = f"/streams/hello/events?format={name}"
    answer = await both(path, method="POST", body=body, headers=JSON)
    assert answer.headers["content-type"] == "application/json"
    json.loads(answer.body)


async def test_a_resumed_stream_is_the_same(make_stream, both):
    await sync(make_stream)("abcdef", seed=7)
    whole = await both("/streams/hello/events")
    ids = [
        line[4:] for line in whole.body.decode().split("\n") if line.startswith("id: ")
    ]
    for number, event_id in enumerate(ids[:-1]):
        headers = {"last-event-id": event_id}
        rest = await both("/streams/hello/events", headers=headers)
        assert spoken(rest.body) == "abcdef"[number + 1 :]
    finished = await both("/streams/hello/events", headers={"last-event-id": ids[-1]})
    assert (finished.status, finished.body) == (204, b"")
    unknown = {"last-event-id": "0" * 16 + "-2"}
    again = await both("/streams/hello/events", headers=unknown)
    assert b"event: reset" in again.body
    assert spoken(again.body) == "abcdef"


@pytest.mark.parametrize(
    ("status", "method", "path", "options"),
    [
        (200, "HEAD", "hello/events", {}),
        (204, "OPTIONS", "hello/events", {}),
        (404, "GET", "nothing/events", {}),
        (404, "GET", "no/such/page", {}),
        (400, "GET", "hello/events?chunk_size=0", {}),
        (400, "GET", "hello/events?format=morse", {}),
        (400, "POST", "hello/events", {"body": b"{", "headers": JSON}),
        (405, "PUT", "hello/events", {}),
        (413, "POST", "hello/events", {"body": b"x" * 2000, "headers": JSON}),
        (200, "GET", "hello/plan", {}),
    ],
)
async def test_other_answers_are_the_same(
    make_stream, both, settings, status, method, path, options
):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    await sync(make_stream)("abc", seed=7)
    assert (await both(f"/streams/{path}", method=method, **options)).status == status


async def test_a_refusal_for_want_of_room_is_the_same(make_stream, both, settings):
    await sync(make_stream)("abc", seed=7)
    settings.STREAMS = settings.STREAMS | {"MAX_STREAMS": 0}
    answer = await both("/streams/hello/events")
    assert (answer.status, answer.headers["retry-after"]) == (429, "5")
    polite = {"accept": "text/event-stream"}
    answer = await both("/streams/hello/events", headers=polite)
    assert answer.status == 200
    assert answer.body.endswith(b"\nretry: 5000\n\n")


@pytest.fixture
def around(settings):
    """Return a function that puts middleware around everything."""
    settings.ROOT_URLCONF = "tests.app.lane_site"

    def around(*names):
        settings.MIDDLEWARE = [
            *(f"tests.app.lane_site.{name}" for name in names),
            *settings.MIDDLEWARE,
        ]

    return around


async def test_middleware_may_answer_with_something_else(make_stream, both, around):
    around("redirect")
    await sync(make_stream)("abc", seed=7)
    answer = await both("/streams/hello/events")
    assert (answer.status, answer.headers["location"]) == (302, "/elsewhere/")
    gc.collect()
    assert not admission._playing


async def test_middleware_may_change_every_frame(make_stream, both, around):
    """Its events come on the ordinary lane: the direct one cannot know what it does."""
    around("loud")
    await sync(make_stream)("abc", seed=7)
    answer = await both("/streams/hello/events")
    assert b"DATA: A\n" in answer.body
    assert not admission._playing


async def test_middleware_may_change_headers_and_set_cookies(make_stream, both, around):
    around("marked")
    await sync(make_stream)("abc", seed=7)
    answer = await both("/streams/hello/events")
    assert answer.headers["x-marked"] == "yes"
    assert "x-stream-seed" not in answer.headers
    cookies = [value for name, value in answer.header_list if name == "Set-Cookie"]
    assert [cookie.partition(";")[0] for cookie in cookies] == ["seen=1", "lane=2"]
    assert spoken(answer.body) == "abc"


@pytest.mark.parametrize("names", [["old"], ["old", "marked", "old"]])
async def test_middleware_may_be_synchronous(make_stream, both, around, names):
    around(*names)
    await sync(make_stream)("abc", seed=7)
    answer = await both("/streams/hello/events")
    assert answer.headers["x-old"] == "yes"
    assert spoken(answer.body) == "abc"


async def test_middleware_may_fail(make_stream, both, around):
    around("broken")
    await sync(make_stream)("abc", seed=7)
    assert (await both("/streams/hello/events")).status == 500
    gc.collect()
    assert not admission._playing


@pytest.mark.parametrize("short", [(), ("/v1/",)])
async def test_the_headers_of_other_streaming_views_are_not_held_back(around, short):
    """They arrive before the first part of the body is there."""
    around()
    opened = lane_site.Gate.opened = asyncio.Event()
    application = direct(get_asgi_application(), short=short)
    async with open_exchange(application, "/v1/own/") as exchange:
        await asyncio.wait_for(exchange.has(lambda body: body == b""), 5)
        assert exchange.status == 200
        opened.set()
        await asyncio.wait_for(exchange.task, 5)
    assert exchange.body == b"at last"


async def test_django_has_let_go_before_the_first_frame(make_stream):
    """Its signal of the end comes first; nothing of it is left to wait for."""
    await sync(make_stream)("abc", delay_ms=20)
    order = []

    def finished(**signal):
        order.append("finished")

    application = direct(get_asgi_application())

    async def noting(scope, receive, send):
        async def noting_send(message):
            order.append(message["type"].rpartition(".")[2])
            await send(message)

        await application(scope, receive, noting_send)

    request_finished.connect(finished)
    try:
        answer = await ask(noting, "/streams/hello/events")
    finally:
        request_finished.disconnect(finished)
    assert spoken(answer.body) == "abc"
    assert order[:3] == ["finished", "start", "body"]


trace = ContextVar("trace", default="")


@pytest.mark.parametrize("slow", [False, True], ids=["prompt", "slow"])
async def test_what_wraps_the_application_sees_its_own_context(make_stream, slow):
    """As Sentry's and OpenTelemetry's wrappers do: in every `send` and `receive`."""
    await sync(make_stream)("abcdef", delay_ms=2)
    application = direct(get_asgi_application())
    seen = []

    async def wrapped(scope, receive, send):
        trace.set(scope["path"])

        async def noting_receive():
            seen.append(trace.get())
            return await receive()

        async def noting_send(message):
            seen.append(trace.get())
            if slow:
                await asyncio.sleep(0.001)
                seen.append(trace.get())
            await send(message)

        await application(scope, noting_receive, noting_send)

    answers = await asyncio.gather(
        *(ask(wrapped, f"/streams/hello/events?n={n}") for n in range(5))
    )
    assert [spoken(answer.body) for answer in answers] == ["abcdef"] * 5
    assert set(seen) == {"/streams/hello/events"}
    assert len(seen) >= 5 * 5
    assert trace.get() == ""


async def test_what_wraps_the_application_may_ask_for_its_task(make_stream):
    """As what limits the time of a `send` does, or what is written for anyio."""
    await sync(make_stream)("abcdef", delay_ms=20)
    application = direct(get_asgi_application())
    tasks = []

    async def wrapped(scope, receive, send):
        async def limited(message):
            tasks.append(asyncio.current_task())
            async with asyncio.timeout(5):
                await send(message)

        await application(scope, receive, limited)

    answer = await ask(wrapped, "/streams/hello/events")
    assert spoken(answer.body) == "abcdef"
    assert len(tasks) >= 6
    assert None not in tasks


async def test_a_send_that_is_cancelled_ends_its_own_stream_only(make_stream, outcomes):
    await sync(make_stream)("abc", delay_ms=20)
    application = direct(get_asgi_application())

    async def failing(scope, receive, send):
        async def cancelled(message):
            if b"data: b" in message.get("body", b""):
                raise asyncio.CancelledError
            await send(message)

        await application(scope, receive, cancelled)

    failed, whole = await asyncio.gather(
        *(ask(one, "/streams/hello/events") for one in (failing, application))
    )
    assert spoken(whole.body) == "abc"
    assert b"data: b" not in failed.body
    assert sorted(outcomes()) == ["completed", "cut"]


async def test_a_time_limit_around_it_is_told_as_one(make_stream, outcomes):
    await sync(make_stream)("abc", delay_ms=60_000)
    application = direct(get_asgi_application())
    told = []

    async def limited(scope, receive, send):
        try:
            async with asyncio.timeout(0.3):
                await application(scope, receive, send)
        except TimeoutError:
            told.append(asyncio.current_task().cancelling())

    await ask(limited, "/streams/hello/events")
    assert told == [0]
    assert outcomes() == ["cut"]


async def test_send_may_return_any_awaitable(make_stream):
    """A future, for example, or what servers written in other languages have."""
    await sync(make_stream)("abc", delay_ms=2)
    application = direct(get_asgi_application())

    async def wrapped(scope, receive, send):
        await application(scope, receive, lambda m: asyncio.ensure_future(send(m)))

    answer = await ask(wrapped, "/streams/hello/events")
    assert spoken(answer.body) == "abc"
    assert answer.complete


async def test_an_ended_stream_leaves_nothing_of_ours_to_the_garbage_collector(
    make_stream, monkeypatch
):
    """Django leaves it the request; what was played must not hang from that."""
    await sync(make_stream)("abc", delay_ms=2)
    application = direct(get_asgi_application())
    runs = []

    def begin(run):
        runs.append(weakref.ref(run))
        return real(run)

    real = Run.begin
    monkeypatch.setattr(Run, "begin", begin)
    gc.disable()
    try:
        for _ in range(3):
            assert spoken((await ask(application, "/streams/hello/events")).body)
        assert [run() for run in runs] == [None] * 3
    finally:
        gc.enable()


@pytest.fixture
def outcomes(caplog):
    """Return a function that tells how the runs so far ended."""
    caplog.set_level("INFO", "streams.runs")

    def outcomes():
        found = [record.getMessage() for record in caplog.records]
        return [m.split(": ")[1].split(" after")[0] for m in found if "run " in m]

    return outcomes


async def test_a_client_that_leaves_ends_its_run(make_stream, outcomes):
    await sync(make_stream)("abc", delay_ms=60_000)
    application = direct(get_asgi_application())
    async with open_exchange(application, "/streams/hello/events") as exchange:
        await exchange.has(lambda body: b"data: a" in body)
        exchange.leave()
        await asyncio.wait_for(exchange.task, 5)
    assert not exchange.complete
    assert outcomes() == ["cut"]
    assert not admission._playing


async def test_a_client_that_leaves_before_its_stream_begins_gets_none(
    make_stream, around, outcomes
):
    """Middleware still works on the response: Django gives it up."""
    around("waiting")
    lane_site.Gate.opened = asyncio.Event()
    await sync(make_stream)("abc")
    application = direct(get_asgi_application())
    async with open_exchange(application, "/streams/hello/events") as exchange:
        while not admission._playing:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        exchange.leave()
        await asyncio.wait_for(exchange.task, 5)
    assert exchange.messages == []
    assert outcomes() == []
    gc.collect()
    assert not admission._playing


async def test_a_server_that_cancels_ends_the_run(make_stream, outcomes):
    """Daphne does, ten seconds after a client has left."""
    await sync(make_stream)("abc", delay_ms=60_000)
    application = direct(get_asgi_application())
    async with open_exchange(application, "/streams/hello/events") as exchange:
        await exchange.has(lambda body: b"data: a" in body)
        exchange.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange.task
    assert outcomes() == ["cut"]
    assert not admission._playing


async def test_the_task_of_a_finished_stream_is_not_left_cancelled(make_stream):
    """A server may go on in it, with its next request."""
    await sync(make_stream)("abc", delay_ms=2)
    application = direct(get_asgi_application())
    told = []

    async def going_on(scope, receive, send):
        await application(scope, receive, send)
        told.append(asyncio.current_task().cancelling())
        await asyncio.sleep(0)
        told.append("went on")

    await ask(going_on, "/streams/hello/events")
    assert told == [0, "went on"]


async def test_two_hundred_streams_keep_their_bytes_apart(make_stream, outcomes):
    """Each gets its own text, in order, and ends."""
    for name in "abcd":
        await sync(make_stream)(name * 20, name, delay_ms=3)
    application = direct(get_asgi_application())
    answers = await asyncio.gather(
        *(ask(application, f"/streams/{'abcd'[n % 4]}/events") for n in range(200))
    )
    said = [spoken(answer.body) for answer in answers]
    assert said == ["abcd"[n % 4] * 20 for n in range(200)]
    assert all(answer.complete for answer in answers)
    assert outcomes() == ["completed"] * 200
