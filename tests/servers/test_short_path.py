"""The short path on real servers: what their clients and their paths are like."""

import asyncio
from contextlib import ExitStack

import httpx
import pytest

from tests.oracles import spoken
from tests.processes import COMMANDS, serve
from tests.servers.clients import RawClient
from tests.servers.observation import settle, vitals, wait_for_end

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def short_servers(env):
    """One of each kind, with middleware that would be noticed."""
    env = env | {
        "TESTS_SHORT": "/v1/ /streams/",
        "TESTS_MIDDLEWARE": "tests.app.lane_site.marked",
    }
    with ExitStack() as stack:
        yield {k: stack.enter_context(serve(k, env=env)) for k in COMMANDS}


@pytest.fixture
def server(short_servers, kind):
    return short_servers[kind]


@pytest.fixture
def browser(server):
    with httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        yield client


def chat(path, **more):
    message = {"role": "user", "content": "Hi"}
    return {"model": path.split("/")[2], "messages": [message]} | more


def test_it_plays_and_the_connection_goes_on(server, browser, publish):
    path = publish("Grüße", delay_ms=2)
    for _ in range(3):
        answer = browser.get(path)
        assert spoken(answer.content) == "Grüße"
        assert "x-marked" not in answer.headers
        whole = browser.post(CHAT, json=chat(path))
        assert whole.json()["choices"][0]["message"]["content"] == "Grüße"
        assert "x-marked" not in whole.headers
        page = browser.get("/streams/")
        assert (page.status_code, page.headers["x-marked"]) == (200, "yes")


def test_a_body_of_a_megabyte_is_read(browser, publish):
    path = publish("Hello", delay_ms=0)
    body = chat(path, metadata={"x": "y"})
    body["messages"][0]["content"] = "x" * 1_000_000
    answer = browser.post(CHAT, json=body)
    assert answer.json()["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize("name", ["h%ffllo", "%00", "%ed%a0%80", "%e4%bb%8a", "%2e%2e"])
def test_an_address_that_is_no_text_is_answered(browser, name):
    """As an address that nothing is at, in the format's own shape."""
    answer = browser.get(f"/streams/{name}/events")
    assert answer.status_code == 404
    assert answer.json()["code"] == "stream_not_found"


async def test_clients_that_leave_while_they_wait_leave_nothing_behind(
    server, client, publish
):
    """For an answer in whole, which takes as long as its stream would."""
    path = publish("abc", delay_ms=60_000)
    before = vitals(server)

    async def lose_patience():
        with pytest.raises(httpx.ReadTimeout):
            await client.post(server.url + CHAT, json=chat(path), timeout=1)

    await asyncio.gather(*(lose_patience() for _ in range(20)))
    settle(server, before)


def test_the_run_ends_when_its_client_leaves(server, publish):
    path = publish("ab", delay_ms=20_000)
    with RawClient(server.url) as client:
        run_id = client.start_run(path)
        client.read_until(b"data: a")
        left = client.leave()
    end = wait_for_end(server, run_id)
    assert (end.outcome, end.steps) == ("cut", 1)
    assert end.at - left < 0.25
