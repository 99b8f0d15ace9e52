"""Faults that an editor makes with the admin's forms alone, as the SDKs meet them."""

import time
from contextlib import closing, suppress

import anthropic
import httpx
import openai
import pytest
from anthropic._exceptions import OverloadedError

from tests.clients import admin_forms, assistants_content
from tests.processes import serve

HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def stream(project, api):
    """Return the admin, and the page of a new stream; both made by forms."""
    project.call(admin_forms.make_editor)
    with closing(admin_forms.Admin(api)) as admin:
        script = admin.add(
            "script", title="Unlucky", slug="unlucky", body="one two three"
        )
        page = admin.add(
            "stream",
            **{"title": "Unlucky", "slug": "unlucky", "script": script.split("/")[-3]},
            **{"published": "on", "delay_ms": "0", "unit": "word"},
        )
        yield admin, page
    project.call(assistants_content.withdraw, ["unlucky"])


def test_openai_waits_for_the_injected_429_and_succeeds(api, stream):
    admin, page = stream
    status = {"kind": "status", "status": "429", "retry_after_s": "1"}
    admin.change(page, "faults", title="busy", **status)
    admin.change(page, "rules", title="the first call", calls="1", fault="busy")
    with openai.OpenAI(base_url=f"{api}/v1", api_key="any") as client:
        # What the first answer of a server needs is loaded by now.
        client.chat.completions.create(model="words", messages=HELLO)
        began = time.monotonic()
        raw = client.chat.completions.with_raw_response.create(
            model="unlucky", messages=HELLO
        )
        took = time.monotonic() - began
    assert raw.retries_taken == 1
    assert 1.0 <= took < 3  # without Retry-After it is half a second
    assert raw.parse().choices[0].message.content == "one two three"
    assert raw.headers["X-Stream-Rule"] == "default"
    assert "X-Stream-Fault" not in raw.headers


def test_anthropic_is_overloaded_by_the_injected_529(api, stream):
    admin, page = stream
    admin.change(page, "faults", title="rush hour", kind="status", status="529")
    admin.change(page, "rules", title="greeted", prompt_text="hello", fault="rush hour")
    with (
        anthropic.Anthropic(base_url=api, api_key="any", max_retries=0) as client,
        pytest.raises(OverloadedError) as caught,
    ):
        client.messages.create(model="unlucky", messages=HELLO, max_tokens=9)
    error = caught.value
    assert error.status_code == 529
    assert error.body["error"]["type"] == "overloaded_error"
    assert error.response.headers["X-Stream-Fault"] == "status 529 (fault: rush hour)"
    assert error.response.headers["X-Stream-Rule"] == "greeted"


@pytest.mark.parametrize("streams", [True, False])
def test_a_dropped_answer_is_a_lost_connection_and_marked(api, stream, streams):
    admin, page = stream
    admin.change(page, "faults", title="cable", kind="drop", after_event="2")
    body = {"model": "unlucky", "messages": HELLO, "stream": streams}
    got = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream(
            "POST", f"{api}/v1/chat/completions", json=body, trust_env=False
        ) as response,
    ):
        marked = response.headers["X-Stream-Fault"]
        for part in response.iter_bytes():
            got += part
    assert marked == "drop after event 2 (fault: cable)"
    if streams:
        assert b"two" in got
        assert b"three" not in got
    else:
        assert 0 < len(got) < int(response.headers["Content-Length"])
    with (
        openai.OpenAI(base_url=f"{api}/v1", api_key="any", max_retries=0) as client,
        pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)),
    ):
        answer = client.chat.completions.create(**body)
        with answer:
            list(answer)


def heard(url, seed):
    """Return what is announced and every byte that comes, but for the run's name."""
    got = b""
    with (
        suppress(httpx.RemoteProtocolError),
        httpx.stream(
            "GET", f"{url}/streams/unlucky/events?seed={seed}", trust_env=False
        ) as response,
    ):
        for part in response.iter_raw():
            got += part
    announced = response.headers.get("X-Stream-Fault", "")
    return announced, got.replace(response.headers["X-Stream-Run"].encode(), b"")


def test_a_seed_gives_the_same_bytes_and_faults_in_every_process(
    api, daphne, stream, project
):
    admin, page = stream
    admin.change(page, delay_ms="1", jitter_percent="90")
    half = {"chance_percent": "50"}
    admin.change(page, "faults", title="cable", kind="drop", after_event="2", **half)
    admin.change(page, "faults", kind="malformed", after_event="1", **half)
    admin.change(page, "faults", kind="duplicate", **half)
    found = [heard(api, seed) for seed in range(16)]
    assert [heard(daphne, seed) for seed in range(16)] == found
    # What a restart leaves is in the database.
    with serve("uvicorn", env=project.env) as restarted:
        assert [heard(restarted.url, seed) for seed in range(16)] == found
    assert len({announced for announced, _ in found}) >= 5
