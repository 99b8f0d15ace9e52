"""What plays is held, stepped, released, stopped and dropped from elsewhere.

The streams here wait for a minute between chunks: what comes sooner was let through.
"""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async as sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Permission, User
from django.core.asgi import get_asgi_application
from django.core.management import CommandError, call_command
from django.middleware.csrf import get_token
from django.test import RequestFactory

from streams import journal
from streams.asgi import direct
from streams.control import Action, Command, Reach, send, workers
from streams.models import ApiKey
from streams.routing import application as sockets
from tests.asgi_client import ask, open_exchange
from tests.oracles import read_events, spoken
from tests.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = {"delay_ms": 60_000, "ttft_ms": 0}
JSON = {"content-type": "application/json"}


@pytest.fixture(params=["ordinary", "direct"])
def application(request):
    application = get_asgi_application()
    return direct(application) if request.param == "direct" else application


@pytest.fixture
def key(make_stream):
    """The secret of a key that may control every public stream."""
    make_stream("abcdef", **SLOW)
    return ApiKey.issue("CI", may_control=True)[1]


@asynccontextmanager
async def playing(application, slug="hello", **headers):
    """Play a stream, and go on once its first chunk is there."""
    path = f"/streams/{slug}/events"
    async with open_exchange(application, path, headers=headers) as exchange:
        await asyncio.wait_for(exchange.has(lambda body: b"data: a" in body), 10)
        exchange.run = exchange.headers["x-stream-run"]
        yield exchange


async def tell(application, path, secret="", headers=None, **fields):
    """Send a command and return its status with what is answered."""
    named = JSON | (headers or {})
    if secret:
        named["authorization"] = f"Bearer {secret}"
    body = json.dumps(fields).encode()
    answer = await ask(
        application, f"/streams/{path}", method="POST", headers=named, body=body
    )
    return answer.status, json.loads(answer.body)


async def look(application, path, secret):
    headers = {"authorization": f"Bearer {secret}"}
    answer = await ask(application, f"/streams/{path}", headers=headers)
    return answer.status, json.loads(answer.body)


async def test_a_run_is_held_stepped_released_and_stopped(application, key):
    async with playing(application) as exchange:
        run = f"runs/{exchange.run}"
        status, told = await tell(application, f"{run}/hold", key)
        assert (status, told["state"], told["steps"]) == (200, "held", 1)
        assert (told["stream"], told["of"], told["position"]) == ("hello", 6, 1)

        await tell(application, f"{run}/step", key, steps=1)
        await asyncio.wait_for(exchange.has(lambda body: b"data: b" in body), 10)
        status, told = await look(application, run, key)
        assert (told["state"], told["steps"], told["position"]) == ("held", 2, 2)

        status, told = await tell(application, f"{run}/release", key)
        assert (status, told["state"]) == (200, "playing")

        status, told = await tell(application, f"{run}/stop", key)
        assert (status, told["state"]) == (200, "ending")
        await asyncio.wait_for(exchange.task, 10)
    assert spoken(exchange.body) == "ab"
    assert read_events(exchange.body)[-1].event == "error"

    status, told = await tell(application, f"{run}/hold", key)
    assert (status, told["code"]) == (409, "run_has_ended")
    assert "stopped, after 2 steps" in told["detail"]
    # To look at it is no mistake.
    status, told = await look(application, run, key)
    assert (status, told["state"], told["outcome"]) == (200, "ended", "stopped")


async def test_a_hold_may_wait_for_a_chunk(application, key):
    async with playing(application) as exchange:
        run = f"runs/{exchange.run}"
        _, told = await tell(application, f"{run}/hold", key, after=3)
        assert told["state"] == "playing"
        await tell(application, f"{run}/step", key, steps=5)
        await tell(application, f"{run}/hold", key, after=1)
        _, told = await look(application, run, key)
        assert told["state"] == "held"


async def test_a_dropped_run_ends_without_an_end_and_resumes(application, key):
    async with playing(application) as exchange:
        status, told = await tell(application, f"runs/{exchange.run}/drop", key)
        assert (status, told["state"]) == (200, "ending")
        await asyncio.wait_for(asyncio.wait((exchange.task,)), 10)
    events = read_events(exchange.body)
    assert [event.event for event in events] == ["message"]
    _, told = await look(application, f"runs/{exchange.run}", key)
    assert told["outcome"] == "dropped on purpose"
    again = await ask(
        application,
        "/streams/hello/events?delay_ms=0",
        headers={"last-event-id": events[-1].id},
    )
    assert spoken(again.body) == "bcdef"


async def test_all_runs_of_a_stream_or_of_one_session(application, key):
    mine = {"x-stream-session": "mine"}
    async with (
        playing(application, **mine) as first,
        playing(application, **mine) as second,
        playing(application) as other,
    ):
        fields = {"action": "hold", "session": "mine"}
        status, told = await tell(application, "hello/control", key, **fields)
        held = {run["run"] for run in told["runs"]}
        assert (status, held) == (200, {first.run, second.run})
        _, told = await look(application, "hello/control", key)
        states = {run["run"]: run["state"] for run in told["runs"]}
        assert states == {
            first.run: "held",
            second.run: "held",
            other.run: "playing",
        }
        _, told = await look(application, "hello/control?session=", key)
        assert [run["run"] for run in told["runs"]] == [other.run]
        status, told = await tell(application, "hello/control", key, action="stop")
        assert len(told["runs"]) == 3
        for exchange in (first, second, other):
            await asyncio.wait_for(exchange.task, 10)
    status, told = await tell(application, "hello/control", key, action="stop")
    assert (status, told["code"]) == (404, "nothing_plays")


async def test_who_may(application, key, make_stream):
    await sync(make_stream)("abc", slug="other", **SLOW)
    stream = await sync(make_stream)("abc", slug="mine", access="api-key", **SLOW)
    plays = (await sync(ApiKey.issue)("player"))[1]
    limited = (await sync(ApiKey.issue)("mine", stream, may_control=True))[1]
    viewer = await sync(User.objects.create_user)("vera")
    async with playing(application) as exchange:
        hold = f"runs/{exchange.run}/hold"
        for secret, status, code in (
            ("", 401, "invalid_api_key"),
            ("dss-none", 401, "invalid_api_key"),
            (plays, 403, "permission_required"),
            (limited, 403, "permission_required"),
        ):
            got, told = await tell(application, hold, secret)
            assert (got, told["code"]) == (status, code)
            got, told = await tell(application, "hello/control", secret, action="hold")
            assert (got, told["code"]) == (status, code)
        signed_in = await sync(sign_in)(viewer)
        assert (await tell(application, hold, headers=signed_in))[0] == 403
        await sync(permit)(viewer)
        # A page of another site can send the cookie, but knows no token.
        cookie = {"cookie": signed_in["cookie"]}
        got, told = await tell(application, hold, headers=cookie)
        assert (got, told["code"]) == (403, "csrf_failed")
        # Nothing was done so far.
        _, told = await look(application, f"runs/{exchange.run}", key)
        assert told["state"] == "playing"
        got, told = await tell(application, hold, headers=signed_in)
        assert (got, told["state"]) == (200, "held")
    headers = {"authorization": f"Bearer {limited}"}
    async with open_exchange(
        application, "/streams/mine/events", headers=headers
    ) as exchange:
        await asyncio.wait_for(exchange.has(lambda body: b"data: a" in body), 10)
        got, _ = await tell(application, "mine/control", limited, action="hold")
        assert got == 200
        # Unlimited, a key controls what it opens.
        got, _ = await tell(application, "mine/control", key, action="release")
        assert got == 200


def sign_in(user):
    """Return the headers of a page of ours: a session, and a CSRF token."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    request = RequestFactory().get("/")
    token = get_token(request)
    secret = request.META["CSRF_COOKIE"]
    session = client.cookies["sessionid"].value
    cookie = f"sessionid={session}; csrftoken={secret}"
    return {"cookie": cookie, "x-csrftoken": token}


def permit(user):
    user.user_permissions.add(Permission.objects.get(codename="control_run"))


@pytest.mark.parametrize(
    ("path", "fields", "status", "detail"),
    [
        (
            f"runs/{'0' * 32}/hold",
            {},
            404,
            f"No run {'0' * 32} plays. A run's id is in its answer's header"
            " X-Stream-Run. Only this process was asked: to reach others, name"
            " channels-redis in CHANNEL_LAYERS.",
        ),
        (
            "runs/x/pause",
            {},
            404,
            "There is no action 'pause'. Known: hold, release, step, stop, drop.",
        ),
        (
            "runs/x/step",
            {"steps": 0},
            400,
            "'steps' is '0': use a whole number from 1 to 1,000,000.",
        ),
        (
            "runs/x/hold",
            {"after": True},
            400,
            "'after' is 'True': use a whole number from 0 to 1,000,000.",
        ),
        (
            "runs/x/hold",
            {"session": "s"},
            400,
            "There is no parameter 'session'. Known: action, after, steps.",
        ),
        (
            "hello/control",
            {},
            400,
            "No action is named. Known: hold, release, step, stop, drop.",
        ),
        (
            "hello/control",
            {"action": "state"},
            400,
            "'state' is no action. Known: hold, release, step, stop, drop.",
        ),
        (
            "hello/control",
            {"action": "stop", "session": 7},
            400,
            "'session' has to be a string.",
        ),
        (
            "helo/control",
            {"action": "stop"},
            404,
            "No stream 'helo'. Did you mean 'hello'?",
        ),
        (
            "hello/control",
            {"action": "stop", "session": "s"},
            404,
            "No run of session 's' of stream 'hello' plays now. Only this process was"
            " asked: to reach others, name channels-redis in CHANNEL_LAYERS.",
        ),
    ],
)
async def test_what_cannot_be_done_says_why(key, path, fields, status, detail):
    got, told = await tell(get_asgi_application(), path, key, **fields)
    assert (got, told["detail"]) == (status, detail)


async def test_a_layer_in_memory_is_known_to_reach_nobody(settings):
    memory = f"{InMemoryChannelLayer.__module__}.InMemoryChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": memory}}
    command = Command(action=Action.HOLD, run_id=uuid4().hex)
    assert (await send(command)).reach == Reach.IN_MEMORY
    settings.STREAMS = settings.STREAMS | {"CONTROL_LAYER": None}
    assert (await send(command)).reach == Reach.NO_LAYER


class SharedLayer:
    """A layer in memory that passes for one between processes."""

    def __init__(self):
        self._layer = InMemoryChannelLayer()

    def __getattr__(self, name):
        return getattr(self._layer, name)


async def test_one_task_listens_while_something_plays(settings, key, monkeypatch):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.SharedLayer"}}
    monkeypatch.setattr(workers, "REFRESH", 0.01)
    application = get_asgi_application()
    layer = get_channel_layer()

    def somebody_listens():
        assert layer.groups.get(workers.GROUP)

    def nobody_listens():
        assert not workers._tasks
        assert not layer.groups.get(workers.GROUP)

    for _ in range(2):
        async with playing(application) as exchange, playing(application):
            assert len(workers._tasks) == 1
            await asyncio.to_thread(eventually, somebody_listens)
            # Another process's command, which comes twice.
            command = Command(action=Action.STEP, run_id=exchange.run)
            message = {"type": "x", "sender": "other", "reply": "specific.reply!x"}
            message["command"] = command.as_message()
            await layer.group_send(workers.GROUP, message)
            told = await asyncio.wait_for(layer.receive(message["reply"]), 10)
            assert told["runs"][0]["left"] == 1
            await layer.group_send(workers.GROUP, message)
            again = await asyncio.wait_for(layer.receive(message["reply"]), 10)
            assert again == told
            # What cannot be read is logged, and no reason to go.
            await layer.group_send(workers.GROUP, {"type": "x", "sender": "other"})
            report = await send(Command(action=Action.STATE, run_id=exchange.run))
            assert report.reach == Reach.WORKERS
            assert report.runs[0]["steps"] <= 2
        await asyncio.to_thread(eventually, nobody_listens)


async def test_without_channels_a_process_controls_its_own(settings, key, monkeypatch):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core"}}
    monkeypatch.setitem(sys.modules, "channels.layers", None)
    application = get_asgi_application()
    async with playing(application) as exchange:
        status, told = await tell(application, f"runs/{exchange.run}/hold", key)
        assert (status, told["state"]) == (200, "held")
        assert told["reach"] == "no-channels"
    _, told = await tell(application, f"runs/{'0' * 32}/hold", key)
    assert "install channels-redis" in told["detail"]


@pytest.mark.parametrize(
    "layer",
    [
        {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1"]},
        },
        {"BACKEND": "no.such.Layer"},
    ],
)
async def test_a_layer_that_fails_keeps_nothing_from_playing(settings, key, layer):
    settings.CHANNEL_LAYERS = {"default": layer}
    application = get_asgi_application()
    async with playing(application) as exchange:
        status, told = await tell(application, f"runs/{exchange.run}/hold", key)
        assert (status, told["state"]) == (200, "held")
        assert told["reach"] == "layer-failed"
    status, told = await tell(application, f"runs/{'0' * 32}/hold", key)
    assert status == 404
    assert told["detail"].endswith("does not answer, and the log says why.")


async def test_runs_of_another_thread_are_reached(key):
    """As a test reaches a server that it runs in a thread of its own."""
    application = get_asgi_application()
    async with playing(application) as exchange:

        def from_a_thread():
            command = Command(action=Action.HOLD, run_id=exchange.run)
            return asyncio.run(send(command))

        report = await asyncio.to_thread(from_a_thread)
        assert [run["state"] for run in report.runs] == ["held"]


async def test_a_socket_is_controlled_from_both_sides(key):
    application = get_asgi_application()
    headers = [(b"origin", b"http://testserver"), (b"host", b"testserver")]
    socket = WebsocketCommunicator(sockets, "/ws/streams/hello/", headers=headers)
    assert (await socket.connect())[0]
    await socket.send_json_to({"action": "start", "session": "mine"})
    opening = await socket.receive_json_from(10)
    assert (await socket.receive_json_from(10))["data"] == "a"
    fields = {"action": "hold", "session": "mine"}
    _, told = await tell(application, "hello/control", key, **fields)
    assert [run["run"] for run in told["runs"]] == [opening["run"]]
    await socket.send_json_to({"action": "step", "steps": 2})
    run = f"runs/{opening['run']}"
    assert (await socket.receive_json_from(10))["data"] == "b"
    await tell(application, f"{run}/stop", key)
    assert await socket.receive_json_from(10) == {"event": "stopped"}
    await socket.send_json_to({"action": "start"})
    await socket.receive_json_from(10)
    await socket.receive_json_from(10)
    await socket.send_json_to({"action": "drop"})
    assert await socket.receive_output(10) == {
        "type": "websocket.close",
        "code": 4503,
    }
    await socket.disconnect()


async def test_a_run_that_is_over_is_known_from_the_journal(settings, key):
    settings.STREAMS = settings.STREAMS | {"JOURNAL": True}
    application = get_asgi_application()
    answer = await ask(application, "/streams/hello/events?delay_ms=0")
    run = answer.headers["x-stream-run"]
    assert await asyncio.to_thread(journal.flush, 5)

    from streams.control import register

    # As on another worker.
    del register._ended[run]
    status, told = await tell(application, f"runs/{run}/stop", key)
    assert (status, told["code"]) == (409, "run_has_ended")
    assert "completed, after 6 steps" in told["detail"]


def test_the_shell_says_what_it_cannot_reach(make_stream):
    make_stream()
    with pytest.raises(CommandError, match="Only this process was asked"):
        call_command("streams", "hold", uuid4().hex)
    with pytest.raises(CommandError, match="No run of stream 'hello' plays now"):
        call_command("streams", "stop", "--stream", "hello")
    with pytest.raises(CommandError, match="--session goes with --stream"):
        call_command("streams", "drop", uuid4().hex, "--session", "s")
