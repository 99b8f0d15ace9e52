"""Runs of two workers are controlled through either of them, over Redis.

Each has a port: of workers that share one, now and then one takes all connections.
"""

import os
import subprocess
import sys
import time
from contextlib import ExitStack

import httpx
import pytest

from tests.processes import ROOT, eventually, serve
from tests.services import content

SESSION = {"X-Stream-Session": "s"}


@pytest.fixture(scope="module")
def env(project, redis_url):
    return project.env | {"TESTS_REDIS": redis_url}


@pytest.fixture(scope="module")
def secret(project):
    return project.call(content.publish_slow, "two-workers")


class Viewer:
    """A client that reads a stream whose chunks come when they are let through."""

    def __init__(self, url, **headers):
        self._client = httpx.Client(timeout=10)
        request = self._client.build_request(
            "GET", f"{url}/streams/two-workers/events", headers=headers
        )
        self._response = self._client.send(request, stream=True)
        self.run = self._response.headers["X-Stream-Run"]
        self._lines = self._response.iter_lines()
        assert self.hear() == "a"

    def hear(self):
        return next(line[6:] for line in self._lines if line.startswith("data: "))

    def rest(self):
        return list(self._lines)

    def close(self):
        self._response.close()
        self._client.close()


@pytest.fixture(scope="module")
def workers(env, secret):
    """The URLs of the site's two workers, and a client for each by its process."""
    with ExitStack() as stack:
        urls, clients = [], {}
        for _ in range(2):
            urls.append(stack.enter_context(serve("uvicorn", env=env)).url)
            headers = {"Authorization": f"Bearer {secret}"}
            client = httpx.Client(base_url=urls[-1], headers=headers, timeout=10)
            stack.callback(client.close)
            clients[client.get("/-/vitals").json()["pid"]] = client
        yield urls, clients


def test_either_worker_controls_what_either_plays(workers, env):
    urls, clients = workers
    viewers, played_by = [], {}
    some = next(iter(clients.values()))
    try:
        for url in urls:
            viewer = Viewer(url, **SESSION)
            viewers.append(viewer)
            state = some.get(f"/streams/runs/{viewer.run}").json()
            assert state["state"] == "playing"
            played_by[viewer] = int(state["worker"].rpartition(":")[2])
        assert set(played_by.values()) == set(clients)

        def tell(client, path, **fields):
            return client.post(f"/streams/{path}", json=fields)

        for client in clients.values():
            for pid in clients:
                viewer = next(one for one in viewers if played_by[one] == pid)
                began = time.monotonic()
                held = tell(client, f"runs/{viewer.run}/hold")
                assert time.monotonic() - began < 0.9, "it waited for more answers"
                assert held.json()["state"] == "held"
                assert held.json()["worker"].endswith(f":{pid}")
                assert held.json()["reach"] == "workers"
                assert tell(client, f"runs/{viewer.run}/step").json()["left"] == 1
                assert viewer.hear() in "bc"
                tell(client, f"runs/{viewer.run}/release")

        # All of a session, wherever they play; each once.
        told = tell(some, "two-workers/control", action="hold", session="s").json()
        assert sorted(run["run"] for run in told["runs"]) == sorted(
            viewer.run for viewer in viewers
        )
        assert {run["state"] for run in told["runs"]} == {"held"}
        elsewhere = tell(some, "two-workers/control", action="hold", session="t")
        assert elsewhere.json()["code"] == "nothing_plays"

        # From a shell, which plays nothing itself.
        viewer = viewers[0]
        ran = subprocess.run(
            [sys.executable, "manage.py", "streams", "step", viewer.run],
            cwd=ROOT,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        assert f"{viewer.run}  two-workers  playing  3 of 22 steps" in ran.stdout
        assert viewer.hear() == "d"

        for client in clients.values():
            nobody = client.post(f"/streams/runs/{'0' * 32}/hold")
            assert nobody.status_code == 404
            assert nobody.json()["detail"].endswith("All workers were asked.")

        for viewer in viewers:
            assert tell(some, f"runs/{viewer.run}/stop").status_code == 200
            assert "event: error" in viewer.rest()
        for client in clients.values():
            over = tell(client, f"runs/{viewer.run}/release")
            assert (over.status_code, over.json()["code"]) == (409, "run_has_ended")
    finally:
        for viewer in viewers:
            viewer.close()


def test_a_redis_that_forgets_who_listens_is_told_again(workers, redis_url):
    """Redis is emptied while a stream plays: commands arrive again, by and by."""
    import redis

    (url, _), clients = workers
    viewer = Viewer(url)
    try:
        with redis.Redis.from_url(redis_url) as server:
            server.flushall()

        def all_reach_it():
            for client in clients.values():
                assert client.get(f"/streams/runs/{viewer.run}").status_code == 200

        eventually(all_reach_it, timeout=25, interval=0.5)
    finally:
        viewer.close()
