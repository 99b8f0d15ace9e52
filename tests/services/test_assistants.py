"""Threads and runs on PostgreSQL, with two workers that know nothing of each other."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.clients import assistants_content, content, kept_content
from tests.clients.scripts import HOSTILE, SCRIPTS
from tests.processes import serve

HELLO = {"messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(scope="module")
def site(postgresql_project):
    postgresql_project.call(content.publish_all)
    postgresql_project.call(kept_content.republish, "long", "x" * 300, delay_ms=100)
    with serve("uvicorn", env=postgresql_project.env, workers=2) as server:
        yield server.url
    # Others count what is there.
    postgresql_project.call(assistants_content.withdraw, [*SCRIPTS, "long"])


@pytest.fixture
def http(site):
    with httpx.Client(base_url=f"{site}/v1", trust_env=False, timeout=30) as http:
        yield http


@pytest.fixture
def at_once(site):
    """Return a function that does something eight times at the same time.

    On a connection each, which both workers get some of.
    """

    def request(path, body):
        with httpx.Client(trust_env=False, timeout=30) as http:
            url = f"{site}/v1/{path}"
            return http.get(url) if body is None else http.post(url, json=body)

    with ThreadPoolExecutor(8) as pool:
        yield lambda path, body=None: list(pool.map(request, [path] * 8, [body] * 8))


def begin(http, model):
    """Return the path of a new thread, and the body of a run."""
    thread = http.post("threads", json=HELLO).json()["id"]
    made = http.post("assistants", json={"model": model}).json()["id"]
    return f"threads/{thread}", {"assistant_id": made}


def test_what_a_run_made_is_kept_once(http, at_once):
    for _ in range(5):
        thread, body = begin(http, "hostile")
        http.post(f"{thread}/runs", json=body)
        for response in at_once(f"{thread}/messages"):
            said, asked = response.json()["data"]
            assert (said["role"], asked["role"]) == ("assistant", "user")
            assert said["content"][0]["text"]["value"] == HOSTILE


def test_one_run_of_many_holds_the_thread(http, at_once):
    # It plays on, however long the others take to ask.
    thread, body = begin(http, "long")
    responses = at_once(f"{thread}/runs", body)
    assert sorted(r.status_code for r in responses) == [200, *[400] * 7]
    [run] = http.get(f"{thread}/runs").json()["data"]
    assert http.post(f"{thread}/runs/{run['id']}/cancel").status_code == 200
    responses = at_once(f"{thread}/runs/{run['id']}/cancel", {})
    assert {r.status_code for r in responses} == {400}


def test_results_are_taken_once(http, at_once):
    thread, body = begin(http, "weather")
    run = http.post(f"{thread}/runs", json=body).json()
    path = f"{thread}/runs/{run['id']}"
    action = http.get(path).json()["required_action"]["submit_tool_outputs"]
    outputs = [{"tool_call_id": c["id"], "output": "1"} for c in action["tool_calls"]]
    responses = at_once(f"{path}/submit_tool_outputs", {"tool_outputs": outputs})
    assert sorted(r.status_code for r in responses) == [200, *[400] * 7]
    said = [m["role"] for m in http.get(f"{thread}/messages").json()["data"]]
    assert said == ["assistant", "assistant", "user"]


def test_what_postgresql_refuses_does_no_harm(http):
    message = {"role": "user", "content": "a\0b\ud800", "metadata": {"\0": "\0"}}
    # Escaped: httpx itself would not send half of a pair.
    sent = json.dumps({"messages": [message]})
    thread = http.post("threads", content=sent).json()["id"]
    [kept] = http.get(f"threads/{thread}/messages").json()["data"]
    assert kept["content"][0]["text"]["value"] == "ab\ufffd"
    for path in ("threads/%00", f"threads/{thread}/messages?after=%00"):
        assert http.get(path).status_code in (400, 404)
    assert http.get(f"threads/{thread}/messages?run_id=%00").json()["data"] == []
