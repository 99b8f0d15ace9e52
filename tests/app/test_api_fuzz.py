"""Thousands of broken bodies a vendor: no error of ours, and always its own shape."""

import copy
import gc
import json
from random import Random

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncRequestFactory
from django.urls import resolve

from streams.playing import admission
from tests.app.test_mutations import mutate
from tests.thorough import many

pytestmark = pytest.mark.django_db(transaction=True)

BODIES = many(6_000)

USER = {"role": "user", "content": "Hello"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}


def json_of(shape):
    return lambda response: shape(json.loads(response.content))


def is_a_sentence(response):
    """Tell what `useChat` shows of an answer that is no stream."""
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.content.decode().strip()


def openai_error(answer):
    assert answer.keys() == {"error"}
    assert answer["error"].keys() == {"message", "type", "param", "code"}
    assert answer["error"]["message"]


def anthropic_error(answer):
    assert answer.keys() == {"type", "error", "request_id"}
    assert answer["type"] == "error"
    assert answer["error"]["type"].endswith(("_error", "_too_large"))
    assert answer["error"]["message"]


def gemini_error(answer):
    if isinstance(answer, list):  # as to a stream that is no `alt=sse`
        [answer] = answer
    assert answer.keys() == {"error"}
    assert {"code", "message", "status"} <= answer["error"].keys()
    assert answer["error"]["message"]


def ollama_error(answer):
    assert answer.keys() == {"error"}
    assert isinstance(answer["error"], str)
    assert answer["error"]


INPUT = {
    "model": "hello",
    "instructions": "s",
    "input": [
        {"role": "developer", "content": "s"},
        {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "x"}],
        },
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
        {"type": "reasoning", "summary": []},
    ],
    "stream": True,
    "max_output_tokens": 16,
    "metadata": {"a": "b"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "text": {"format": {"type": "text"}},
    "tools": [{"type": "function", "name": "f", "parameters": {}}],
    "tool_choice": "auto",
    "store": True,
}
CONTENTS = {
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "Hi"},
                {"inlineData": {"mimeType": "a", "data": "eA=="}},
            ],
        },
        {
            "role": "model",
            "parts": [
                {"functionCall": {"name": "f", "args": {}}},
                {"text": "x", "thought": True},
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "f", "response": {"x": 1}}}],
        },
        {"role": "user", "parts": [{"text": "Hello"}]},
    ],
    "systemInstruction": {"parts": [{"text": "s"}]},
    "generationConfig": {
        "maxOutputTokens": 5,
        "stopSequences": ["x"],
        "candidateCount": 2,
        "seed": 1,
        "thinkingConfig": {"includeThoughts": True},
    },
    "tools": [],
}
MESSAGES = {
    "model": "hello",
    "max_tokens": 5,
    "system": [{"type": "text", "text": "s"}],
    "messages": [
        USER,
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "x"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": [{"type": "text", "text": "x"}],
                },
                {"type": "text", "text": "Hello"},
            ],
        },
    ],
    "stop_sequences": ["x"],
    "stream": True,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "tools": [],
}
UI = {
    "id": "chat",
    "model": "hello",
    "trigger": "submit-message",
    "messages": [
        {"id": "1", "role": "system", "parts": [{"type": "text", "text": "s"}]},
        {"id": "2", "role": "user", "parts": [{"type": "text", "text": "Hello"}]},
        {
            "id": "3",
            "role": "assistant",
            "parts": [
                {"type": "step-start"},
                {"type": "reasoning", "text": "hm"},
                {
                    "type": "tool-f",
                    "toolCallId": "c",
                    "state": "output-available",
                    "input": {},
                    "output": {"x": 1},
                },
            ],
        },
    ],
}
OPTIONS = {"num_predict": 5, "stop": ["x"], "seed": 1}

# For each vendor: the shape of its errors, and requests that it answers.
VENDORS = {
    "openai": (
        json_of(openai_error),
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
    "openai-responses": (
        json_of(openai_error),
        [
            ("/v1/responses", INPUT),
            ("/v1/responses", INPUT | {"stream": False, "background": True}),
        ],
    ),
    "anthropic": (
        json_of(anthropic_error),
        [
            ("/v1/messages", MESSAGES),
            ("/v1/messages", MESSAGES | {"stream": False}),
            ("/v1/messages/count_tokens", MESSAGES),
        ],
    ),
    "gemini": (
        json_of(gemini_error),
        [
            ("/v1beta/models/hello:generateContent", CONTENTS),
            ("/v1/models/hello:streamGenerateContent?alt=sse", CONTENTS),
            ("/v1/models/hello:streamGenerateContent", CONTENTS),
            ("/v1/models/hello:countTokens", {"generateContentRequest": CONTENTS}),
            ("/v1/models/nonesuch:generateContent", CONTENTS),
        ],
    ),
    "ollama": (
        json_of(ollama_error),
        [
            (
                "/api/chat",
                {
                    "model": "hello:latest",
                    "messages": [
                        {"role": "system", "content": "x"},
                        USER,
                        {"role": "assistant", "content": "", "tool_calls": [{}]},
                        {"role": "tool", "content": "x"},
                        USER,
                    ],
                    "stream": True,
                    "think": True,
                    "options": OPTIONS,
                    "keep_alive": 0,
                },
            ),
            (
                "/api/generate",
                {
                    "model": "hello",
                    "prompt": "Hello",
                    "system": "x",
                    "stream": False,
                    "think": "low",
                    "options": OPTIONS,
                },
            ),
            ("/api/show", {"model": "hello:latest"}),
        ],
    ),
    "ai-sdk": (
        is_a_sentence,
        [("/streams/hello/events?format=ai-sdk", UI), ("/api/completion", UI)],
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
            is_error(response)
        elif response.streaming:
            assert b"".join([part async for part in response.streaming_content])
        else:
            json.loads(response.content)
    assert {200, 400, 404} <= seen
    del response
    gc.collect()
    assert not admission._playing
