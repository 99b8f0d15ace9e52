"""What programs may ask of the endpoints, and what happens beyond it."""

import asyncio
import io
import json

import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.test import override_settings

from streams.playing import admission
from streams.views import events

pytestmark = pytest.mark.django_db(transaction=True)

HI = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def ask(async_client):
    async def ask(path="/v1/chat/completions", **body):
        body = {"model": "hello", "messages": HI} | body
        return await async_client.post(path, body, content_type="application/json")

    return ask


async def read(response):
    return b"".join([part async for part in response.streaming_content])


async def test_stop_sequences_are_few(make_stream, ask):
    """Each is looked for in the whole text."""
    await sync_to_async(make_stream)("abc")
    assert (await ask(stop=["x"] * 16)).status_code == 200
    refused = await ask(stop=["x"] * 17)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "stop"


@pytest.mark.parametrize("site", [None, 2_000])
async def test_a_whole_answer_has_the_limits_of_a_stream(make_stream, ask, site):
    own = 100_000 if site else 2_000
    await sync_to_async(make_stream)("x" * 500, max_bytes=own)
    with override_settings(STREAMS={"MAX_BYTES": site}):
        assert (await ask()).status_code == 200
        refused = await ask(n=5)
    assert refused.status_code == 400
    assert "more than the 2,000 bytes" in refused.json()["error"]["message"]
    assert not admission._playing


async def test_a_stream_ends_at_its_limit_and_not_a_batch_later(make_stream, ask):
    await sync_to_async(make_stream)("x" * 5000, max_bytes=2_000)
    body = await read(await ask(stream=True))
    assert b"Stopped at the limit of 2,000 bytes." in body
    assert len(body) < 3_000


async def test_a_right_that_nobody_uses_is_given_back(make_stream, ask, monkeypatch):
    """A response whose client left may stay in a cycle until the collector comes."""
    monkeypatch.setattr("streams.serving.endpoint.RETRY_AFTER", 0.05)
    await sync_to_async(make_stream)("abc", max_concurrent=1)
    unread = await ask(stream=True)
    assert (await ask(stream=True)).status_code == 429
    await asyncio.sleep(0.1)
    assert (await ask()).status_code == 200
    del unread


async def test_parameters_of_the_address_count_for_every_format(make_stream, ask):
    await sync_to_async(make_stream)("abc")
    path = "/streams/hello/events?format=openai-chat"
    whole = await read(await ask(f"{path}&chunk_size=9", stream=True))
    assert b'"content":"abc"' in whole
    refused = await ask(f"{path}&speed=abc", stream=True)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "speed"


@pytest.mark.parametrize("charset", ["iso-8859-1", "hex", "undefined", "idna"])
async def test_a_form_in_another_charset_is_refused(charset):
    kind = f"application/x-www-form-urlencoded; charset={charset}".encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/streams/hello/events",
        "query_string": b"",
        "headers": [(b"content-type", kind), (b"content-length", b"3")],
    }
    refused = await events(ASGIRequest(scope, io.BytesIO(b"a=1")), "hello")
    assert refused.status_code == 415
    assert charset in json.loads(refused.content)["detail"]


async def test_a_default_that_is_a_draft_is_none(make_stream, ask):
    await sync_to_async(make_stream)(slug="hush", published=False)
    await sync_to_async(make_stream)(slug="hello")
    with override_settings(STREAMS={"DEFAULT_STREAM": "hush"}):
        refused = await ask(model="gpt-5")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (404, "model_not_found")
    assert "hush" not in error["message"]
    assert "Known: hello." in error["message"]


async def test_one_message_with_parts_is_use_chats(make_stream, async_client):
    await sync_to_async(make_stream)("abc")
    message = {"id": "1", "role": "user", "parts": [{"type": "text", "text": "Hi"}]}
    answer = await async_client.post(
        "/api/chat",
        {"model": "hello", "message": message},
        content_type="application/json",
    )
    assert b'"type":"text-delta"' in await read(answer)
