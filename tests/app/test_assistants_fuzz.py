"""Broken bodies for the Assistants API: none may break it, or what it keeps."""

import gc
import json
from random import Random

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncRequestFactory
from django.urls import resolve

from streams.playing import admission
from tests.app.test_api_fuzz import broken, openai_error
from tests.thorough import many

pytestmark = pytest.mark.django_db(transaction=True)

BODIES = many(400)

USER = {"role": "user", "content": [{"type": "text", "text": "Hello"}]}
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {}}}
THREAD = {
    "messages": [
        USER,
        {"role": "assistant", "content": "x", "metadata": {"a": "b"}},
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "x"}}],
            "attachments": [{"file_id": "x", "tools": [{"type": "file_search"}]}],
        },
    ],
    "metadata": {"a": "b"},
    "tool_resources": {"file_search": {"vector_store_ids": ["x"]}},
}
ASSISTANT = {
    "model": "hello",
    "name": "x",
    "description": "x",
    "instructions": "x",
    "tools": [FUNCTION, {"type": "file_search"}],
    "tool_resources": {"code_interpreter": {"file_ids": ["x"]}},
    "metadata": {"a": "b"},
    "temperature": 1,
    "top_p": 0.5,
    "response_format": {"type": "text"},
}
RUN = {
    "model": "hello",
    "instructions": "x",
    "additional_instructions": "x",
    "additional_messages": [USER],
    "tools": [FUNCTION],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "truncation_strategy": {"type": "last_messages", "last_messages": 3},
    "response_format": "auto",
    "parallel_tool_calls": True,
    "max_completion_tokens": 3,
    "max_prompt_tokens": 300,
    "temperature": 0.5,
    "metadata": {"a": "b"},
    "stream": True,
}


class Site:
    """The API inside of this process."""

    def __init__(self):
        self._factory = AsyncRequestFactory()

    async def post(self, path, data):
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        path = f"/v1/{path}"
        request = self._factory.post(path, data, content_type="application/json")
        return await self._answer(path, request)

    async def get(self, path):
        path = f"/v1/{path}"
        return await self._answer(path, self._factory.get(path))

    async def _answer(self, path, request):
        view, args, kwargs = resolve(path)
        response = await view(request, *args, **kwargs)
        if response.streaming:
            return 200, b"".join([part async for part in response.streaming_content])
        return response.status_code, json.loads(response.content)


async def test_no_body_breaks_anything(make_stream):
    await sync_to_async(make_stream)('Hi<!-- stream: tool f {"a": 1} -->')
    site = Site()
    _, assistant = await site.post("assistants", ASSISTANT)
    one = f"assistants/{assistant['id']}"
    run = RUN | {"assistant_id": assistant["id"]}
    random = Random("assistants")
    seen = set()
    for number in range(BODIES):
        _, thread = await site.post("threads", {"messages": [USER]})
        place = f"threads/{thread['id']}"
        requests = [
            ("assistants", ASSISTANT),
            (one, ASSISTANT),
            ("threads", THREAD),
            (place, THREAD),
            (f"{place}/messages", THREAD["messages"][2]),
            (f"{place}/runs", run),
            ("threads/runs", run | {"thread": THREAD}),
            (f"{place}/runs", {"tool_outputs": []}),
        ]
        path, body = requests[number % len(requests)]
        if "tool_outputs" in body:
            path, body = await wait_for_tools(site, path, assistant["id"])
        data = broken(random, body)
        status, answer = await site.post(path, data)
        seen.add((status, number % len(requests)))
        if status != 200:
            assert 400 <= status < 500, (path, data)
            openai_error(answer)
        elif isinstance(answer, bytes):
            assert answer.endswith(b"event: done\ndata: [DONE]\n\n"), (path, data)
        # Whatever was kept can be read.
        for read in (place, f"{place}/messages", f"{place}/runs", one):
            status, _ = await site.get(read)
            assert status == 200, (path, data)
    # Each was taken, and each was refused.
    assert {(s, n) for s in (200, 400) for n in range(len(requests))} <= seen
    gc.collect()
    assert not admission._playing


async def wait_for_tools(site, path, assistant):
    """Play a run until it wants results; return where and how to give them."""
    _, run = await site.post(path, {"assistant_id": assistant})
    _, run = await site.get(f"{path}/{run['id']}")
    [call] = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": call["id"], "output": "x"}]
    return f"{path}/{run['id']}/submit_tool_outputs", {
        "tool_outputs": outputs,
        "stream": True,
    }
