"""Thousands of broken requests: no error of ours, no hang, nothing left behind."""

import asyncio
import gc
import json
from random import Random
from urllib.parse import quote_from_bytes

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncRequestFactory

from streams.playing import admission
from streams.views import events
from tests.thorough import many

pytestmark = pytest.mark.django_db(transaction=True)

SEEDS = {
    "query": [
        "name=Ann&speed=2&seed=7&unit=word&chunk_size=3&delay_ms=0&ttft_ms=0",
        "format=envelope&prompt=Hello&last_event_id=0123456789abcdef-3",
    ],
    "body": [
        '{"prompt": "Hello", "speed": 2, "messages": [{"role": "user", "content": "x"}]}',
        "prompt=Hello&name=Ann&delay_ms=0",
    ],
}
MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded")


def mutate(random, text):
    """Flip, drop, double and move bytes, as broken clients and networks do."""
    data = bytearray(text.encode())
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0:
                data[at:at] = bytes([random.randrange(256)])
            case 1:
                del data[at : at + random.randint(1, 8)]
            case 2:
                data[at:at] = data[: random.randint(1, 20)]
            case 3 if data:
                data[at % len(data)] ^= 1 << random.randrange(8)
            case 4:
                data[at:at] = random.choice(
                    ["é", "今", "\x00", "%", "-", "9" * 30, "\ufeff"]
                ).encode()
            case 5:
                data.reverse()
    return bytes(data)


async def test_no_mutation_breaks_anything(make_stream, async_client):
    await sync_to_async(make_stream)("Hi {{ params.name }}", rendering="template")
    response = await async_client.get("/streams/hello/events")
    # From here on without middleware, which takes most of the time.
    factory = AsyncRequestFactory()
    body = b"".join([part async for part in response.streaming_content])
    event_id = body.partition(b"id: ")[2].partition(b"\n")[0].decode()
    random = Random(1)
    tasks = len(asyncio.all_tasks())
    seen = set()
    for number in range(many(10_000)):
        query, headers, options = "", {}, {}
        match number % 4:
            case 0 | 1:
                # As a server hands it on: any byte but line ends.
                raw = mutate(random, event_id).translate(None, b"\r\n\0")
                headers["Last-Event-ID"] = raw.decode("latin-1")
            case 2:
                query = quote_from_bytes(
                    mutate(random, random.choice(SEEDS["query"])), safe="=&%+"
                )
            case 3:
                kind = random.randrange(2)
                options = {
                    "data": mutate(random, SEEDS["body"][kind]),
                    "content_type": MEDIA_TYPES[kind],
                }
        ask = factory.post if options else factory.get
        path = f"/streams/hello/events?{query}"
        response = await events(ask(path, headers=headers, **options), "hello")
        seen.add(response.status_code)
        if response.status_code == 200:
            parts = [part async for part in response.streaming_content]
            assert b"event: done" in parts[-1]
        elif response.status_code != 204:
            assert 400 <= response.status_code < 500, (query, headers, options)
            problem = json.loads(response.content)
            assert problem.get("detail") or problem.get("message")
    assert {200, 400} <= seen
    assert len(asyncio.all_tasks()) == tasks
    del response
    gc.collect()
    assert not admission._playing
