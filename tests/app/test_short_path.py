"""The short path: a stream's view on a real request, without the site's middleware."""

import asyncio
import gc
import json

import pytest
from asgiref.sync import sync_to_async as sync
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished, request_started
from django.http import HttpResponse
from django.test import RequestFactory

from streams.asgi import direct
from streams.models import ApiKey
from streams.playing import admission
from streams.preparing import preparation
from streams.serving import endpoint
from tests.app import lane_site
from tests.asgi_client import ask, freeze, open_exchange
from tests.oracles import spoken

pytestmark = pytest.mark.django_db(transaction=True)

HI = [{"role": "user", "content": "Hi"}]
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
JSON = {"content-type": "application/json"}
PREFIXES = ("/v1/", "/v1beta/", "/api/", "/streams/")

CALLS = {
    "/v1/chat/completions": {"messages": HI},
    "/v1/completions": {"prompt": "Hi"},
    "/v1/responses": {"input": "Hi", "store": False},
    "/v1/messages": {"messages": HI, "max_tokens": 99},
    "/v1beta/models/hello:streamGenerateContent?alt=sse": CONTENTS,
    "/api/chat": {"messages": HI},
    "/api/generate": {"prompt": "Hi"},
    "/streams/hello/events": {"prompt": "Hi"},
    "/streams/hello/events?format=envelope": {"prompt": "Hi"},
}


@pytest.fixture
def site(settings):
    """The tests' site on the short path, with middleware that marks what it sees."""
    settings.ROOT_URLCONF = "tests.app.lane_site"
    settings.MIDDLEWARE = ["tests.app.lane_site.marked", *settings.MIDDLEWARE]
    return direct(get_asgi_application(), short=PREFIXES)


def post(path, body, **options):
    headers = JSON | options.pop("headers", {})
    content = json.dumps({"model": "hello"} | body).encode()
    return {"path": path, "method": "POST", "body": content, "headers": headers}


def went_short(answer):
    """Tell whether the site's middleware did not see the answer."""
    return "x-marked" not in answer.headers


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("path", CALLS)
async def test_it_gives_the_same_bytes(
    make_stream, site, settings, monkeypatch, path, stream
):
    """And of our headers all; those that middleware adds are missing."""
    freeze(monkeypatch)
    await sync(make_stream)("Grüße, 今天.", seed=7, delay_ms=1)
    body = CALLS[path]
    if "streams" not in path and "v1beta" not in path:
        body = body | {"stream": stream}
    elif not stream:
        path = path.replace("streamG", "g")
    request = post(path, body)
    short = await ask(site, **request)
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    usual = await ask(direct(get_asgi_application()), **request)
    assert (short.status, short.body) == (usual.status, usual.body)
    assert short.status == 200
    assert short.complete
    added = {"vary", "content-language", "x-frame-options", "content-length"}
    assert short.headers.items() <= usual.headers.items()
    assert usual.headers.keys() - short.headers.keys() <= added


async def test_middleware_and_signals_know_nothing_of_it(make_stream, site):
    told = []

    def note(sender, signal, **more):
        told.append(signal)

    await sync(make_stream)("abc")
    for signal in (request_started, request_finished):
        signal.connect(note)
    try:
        answer = await ask(site, "/streams/hello/events")
    finally:
        for signal in (request_started, request_finished):
            signal.disconnect(note)
    assert spoken(answer.body) == "abc"
    assert went_short(answer)
    assert not told


async def test_a_host_is_not_checked(make_stream, site):
    """What ALLOWED_HOSTS would refuse, as the documentation says."""
    await sync(make_stream)("abc")
    answer = await ask(site, "/streams/hello/events", headers={"host": "elsewhere"})
    assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/streams/", 200),  # a page
        ("/streams/hello/plan", 200),  # a view that is no endpoint
        ("/no/such/page", 404),
        ("/streams/hello/no-such", 404),
        ("/admin", 404),
    ],
)
async def test_everything_else_goes_through_the_site(make_stream, site, path, status):
    await sync(make_stream)("abc")
    answer = await ask(site, path)
    assert answer.status == status
    assert not went_short(answer)


async def test_a_view_of_the_sites_own_below_a_prefix_is_not_touched(site):
    lane_site.Gate.opened = asyncio.Event()
    lane_site.Gate.opened.set()
    answer = await ask(site, "/v1/own/")
    assert answer.body == b"at last"
    assert not went_short(answer)


async def test_other_prefixes_keep_their_middleware(make_stream, settings):
    settings.MIDDLEWARE = ["tests.app.lane_site.marked", *settings.MIDDLEWARE]
    site = direct(get_asgi_application(), short=("/v1/",))
    await sync(make_stream)("abc")
    assert not went_short(await ask(site, "/streams/hello/events"))
    short = await ask(site, **post("/v1/chat/completions", {"messages": HI}))
    assert went_short(short)


async def test_an_endpoint_that_does_not_exist_says_so_as_the_vendor_does(site):
    answer = await ask(site, **post("/v1/no/such/endpoint", {}))
    assert answer.status == 404
    assert json.loads(answer.body)["error"]["message"]


@pytest.mark.parametrize("access", ["signed-in", "permission"])
async def test_a_stream_that_needs_a_session_is_refused(make_stream, site, access):
    """In the vendor's own shape, and with what to do about it."""
    await sync(make_stream)("abc", access=access)
    openai = await ask(site, **post("/v1/chat/completions", {"messages": HI}))
    assert openai.status == 403
    assert json.loads(openai.body)["error"]["code"] == "no_sessions"
    assert "served without sessions" in json.loads(openai.body)["error"]["message"]
    anthropic = post("/v1/messages", {"messages": HI, "max_tokens": 99})
    refused = json.loads((await ask(site, **anthropic)).body)
    assert (refused["type"], refused["error"]["type"]) == ("error", "permission_error")
    ollama = await ask(site, **post("/api/chat", {"messages": HI}))
    assert isinstance(json.loads(ollama.body)["error"], str)
    plain = json.loads((await ask(site, "/streams/hello/events")).body)
    assert (plain["status"], plain["code"]) == (403, "no_sessions")


async def test_a_draft_does_not_show_that_it_exists(make_stream, site):
    await sync(make_stream)("abc", published=False)
    assert (await ask(site, "/streams/hello/events")).status == 404


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
async def test_api_keys_work(make_stream, site, header):
    await sync(make_stream)("abc", access="api-key")
    call = {"messages": HI, "max_tokens": 99, "stream": True}
    path = "/v1/messages" if header == "x-api-key" else "/v1/chat/completions"
    assert (await ask(site, **post(path, call))).status == 401
    _, secret = await sync(ApiKey.issue)("CI")
    value = f"Bearer {secret}" if header == "authorization" else secret
    answer = await ask(site, **post(path, call, headers={header: value}))
    assert answer.status == 200
    assert went_short(answer)
    wrong = await ask(site, **post(path, call, headers={header: value + "x"}))
    assert wrong.status == 401


@pytest.mark.parametrize("size", [5_000, 20_000, 1_000_000])
async def test_bodies_may_be_large(make_stream, site, size):
    """They are read in parts, and those above ten kilobytes in a thread."""
    # Templates take 100,000 characters.
    script, rendering = "{{ prompt|length }}", "template"
    if size > 20_000:
        script, rendering = str(size), "literal"
    await sync(make_stream)(script, rendering=rendering)
    call = {"messages": [{"role": "user", "content": "x" * size}], "stream": True}
    answer = await ask(site, **post("/v1/chat/completions", call))
    said = [
        json.loads(line[6:])["choices"][0]["delta"].get("content", "")
        for line in answer.body.decode().split("\n")
        if line.startswith("data: {")
    ]
    assert "".join(said) == str(size)


async def test_a_body_that_is_too_large_is_refused(make_stream, site, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    await sync(make_stream)("abc")
    call = {"messages": [{"role": "user", "content": "x" * 2000}]}
    answer = await ask(site, **post("/v1/chat/completions", call))
    assert answer.status == 413
    assert json.loads(answer.body)["error"]["message"]


async def test_an_address_with_any_character_is_answered(make_stream, site):
    for name in ("今天", "a b", "%00", "x" * 3000, "\0", "é", "\ufffd"):
        answer = await ask(site, f"/streams/{name}/events")
        assert answer.status == 404
        assert went_short(answer)
        assert json.loads(answer.body)["code"] == "stream_not_found"


async def test_a_site_may_be_mounted_below_a_path(make_stream, settings):
    """As servers do it with `root_path`, which the path begins with."""
    settings.ROOT_URLCONF = "tests.app.lane_site"
    settings.MIDDLEWARE = ["tests.app.lane_site.marked", *settings.MIDDLEWARE]
    await sync(make_stream)("abc")
    path, mounted = "/mounted/streams/hello/events", {"root_path": "/mounted"}
    for prefix, short in (("/mounted/streams/", True), ("/streams/", False)):
        site = direct(get_asgi_application(), short=(prefix,))
        answer = await ask(site, path, **mounted)
        assert spoken(answer.body) == "abc"
        assert went_short(answer) == short


async def test_a_forced_prefix_counts(make_stream, settings):
    """FORCE_SCRIPT_NAME takes the place of what the server says."""
    settings.FORCE_SCRIPT_NAME = "/forced"
    await sync(make_stream)("abc")
    site = direct(get_asgi_application(), short=("/forced/",))
    answer = await ask(site, "/forced/streams/hello/events")
    assert spoken(answer.body) == "abc"


async def test_a_client_that_leaves_while_the_view_waits_ends_it(
    make_stream, site, caplog
):
    """As an answer in whole does, for as long as its stream would take."""
    caplog.set_level("INFO", "streams.runs")
    await sync(make_stream)("abc", delay_ms=60_000)
    request = post("/v1/chat/completions", {"messages": HI})
    async with open_exchange(site, **request) as exchange:
        while not admission._playing:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        exchange.leave()
        await asyncio.wait_for(exchange.task, 5)
    assert exchange.messages == []
    gc.collect()
    assert not admission._playing


async def test_a_server_that_cancels_while_the_view_waits_ends_it(make_stream, site):
    await sync(make_stream)("abc", delay_ms=60_000)
    request = post("/v1/chat/completions", {"messages": HI})
    async with open_exchange(site, **request) as exchange:
        while not admission._playing:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        exchange.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange.task
    gc.collect()
    assert not admission._playing


async def test_a_client_that_leaves_within_its_body_gets_no_answer(site):
    async with open_exchange(site, "/v1/messages", method="POST") as exchange:
        exchange._body = []
        exchange.leave()
        await asyncio.wait_for(exchange.task, 5)
    assert exchange.messages == []


async def test_an_unexpected_error_is_answered_and_logged(
    make_stream, site, monkeypatch, caplog
):
    await sync(make_stream)("abc")

    def fail(*args, **options):
        raise RuntimeError("out of order")

    monkeypatch.setattr(preparation.Stream, "plan", fail)
    answer = await ask(site, **post("/v1/chat/completions", {"messages": HI}))
    assert answer.status == 500
    assert json.loads(answer.body)["error"]["message"]
    assert "out of order" in caplog.text


def test_a_body_that_may_be_long_is_parsed_in_a_thread():
    """Chunked, it does not say how long it is."""
    tried = []

    def prepare():
        tried.append("now")
        return HttpResponse()

    for length in ("2", "99999", None):
        request = RequestFactory().post("/", b"{}", content_type="application/json")
        request.META["CONTENT_LENGTH"] = length
        prepared = endpoint._try_now(request, prepare)
        assert (prepared is not None) == (length == "2")
    assert tried == ["now"]
