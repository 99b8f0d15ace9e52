"""Five thousand broken bodies a vendor: no error of ours, and always its own shape."""

import copy
import gc
import json
from random import Random

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncRequestFactory
from django.urls import resolve

from streams import admission
from tests.app.test_mutations import mutate

pytestmark = pytest.mark.django_db(transaction=True)

BODIES = 5_000

USER = {"role": "user", "content": "Hello"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}


def openai_shape(answer):
    assert answer.keys() == {"error"}
    assert answer["error"].keys() == {"message", "type", "param", "code"}
    assert answer["error"]["message"]


# For each vendor: the shape of its errors, and requests that it answers.
VENDORS = {
    "openai": (
        openai_shape,
        [
            (
                "/v1/chat/completions",
                {
                    "model": "hello",
                    "messages": [
                        {"role": "system", "content": "Be brief."},
                        USER,
                        {"role": "assistant", "tool_calls": [{"id": "c"}]},
                        {"role": "tool", "content": [{"type": "text", "text": "x"}]},
                        USER,
                    ],
                    "stream": True,
                    "stream_options": {"include_usage": True},
                    "n": 2,
                    "max_tokens": 5,
                    "stop": ["x"],
                    "seed": 1,
                    "tools": [TOOL],
                },
            ),
            (
                "/v1/completions",
                {"model": "hello", "prompt": "Hello", "stream": False, "n": 1},
            ),
        ],
    ),
}

ODD = [
    *(None, True, False, 0, -1, 1.5, 1e300, 10**30, "", "x", "\0", "\u2028", "hello"),
    *([], {}, [[]], [None], [{}], {"": {}}, ["x", 1], {"text": 1}, {"type": "text"}),
    "é" * 5000,
    [[[[[[[[[[]]]]]]]]]],
]


def places(value, found):
    """Collect every container of a JSON value."""
    if isinstance(value, dict | list):
        found.append(value)
        for item in value.values() if isinstance(value, dict) else value:
            places(item, found)
    return found


def broken(random, body):
    """Return a body with something wrong, or odd, or missing."""
    body = copy.deepcopy(body)
    for _ in range(random.randint(1, 3)):
        place = random.choice(places(body, []))
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            continue
        key = random.choice(keys)
        match random.randrange(5):
            case 0:
                del place[key]
            case 1 if isinstance(place, dict):
                place[random.choice(["type", "role", "x", "\0"])] = place.pop(key)
            case 2 if isinstance(place, list):
                place.append(copy.deepcopy(place[key]))
            case _:
                place[key] = copy.deepcopy(random.choice(ODD))
    data = json.dumps(body).encode()
    if random.randrange(5) == 0:
        data = mutate(random, data.decode())
    return data


@pytest.mark.parametrize("vendor", VENDORS)
async def test_no_body_breaks_anything(make_stream, vendor):
    stream = await sync_to_async(make_stream)("Hi {{ params.name }}")
    await type(stream.script).objects.aupdate(rendering="template")
    is_error, requests = VENDORS[vendor]
    random = Random(vendor)
    factory = AsyncRequestFactory()
    seen = set()
    for number in range(BODIES):
        path, body = requests[number % len(requests)]
        data = broken(random, body)
        request = factory.post(path, data, content_type="application/json")
        view, args, kwargs = resolve(path.partition("?")[0])
        response = await view(request, *args, **kwargs)
        seen.add(response.status_code)
        if response.status_code != 200:
            assert 400 <= response.status_code < 500, (path, data)
            is_error(json.loads(response.content))
        elif response.streaming:
            assert b"".join([part async for part in response.streaming_content])
        else:
            json.loads(response.content)
    assert {200, 400, 404} <= seen
    del response
    gc.collect()
    assert not admission._playing
