"""deploy/, run as its files say: nginx, a worker a port, PostgreSQL and Redis."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from itertools import count
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from streams.preparing import lookup
from tests.browser.content import prepare
from tests.oracles import spoken
from tests.processes import ROOT, eventually, serve
from tests.proxies.clients import Played, play
from tests.proxies.nginx import replaced_once, serve_with_nginx
from tests.servers import content
from tests.servers.clients import new_client

DEPLOY = ROOT / "deploy"
UNIT = (DEPLOY / "streams@.service").read_text()
COMPOSE = (DEPLOY / "compose.yaml").read_text()
PROGRAM = "/srv/streams/.venv/bin/python"
TEXT = "Zwei 👩‍👩‍👧‍👦 und 今天天气 é, abcdefghij. "

# The shipped main file, with paths that need no root and with descriptors that any
# account has.
AROUND = (
    replaced_once(
        (DEPLOY / "nginx-main.conf").read_text(),
        {
            "\nuser www-data;\n": "\ndaemon off;\n",
            "worker_rlimit_nofile 66000;": "",
            "worker_connections 65536;": "worker_connections 512;",
        },
    )
    .replace("{", "{{")
    .replace("}", "}}")
)
AROUND = replaced_once(
    AROUND,
    {
        "pid /run/nginx.pid;": "pid {folder}/pid;",
        "error_log /var/log/nginx/error.log;": "error_log stderr;",
        "include /etc/nginx/conf.d/streams.conf;": "\n".join(
            [
                *(
                    f"{kind}_temp_path {{folder}}/{kind};"
                    for kind in ("proxy", "fastcgi", "uwsgi", "scgi")
                ),
                "client_body_temp_path {folder}/body;",
                "{more}",
                "include {folder}/streams.conf;",
            ]
        ),
    },
)


def exec_start():
    """Return the words of the unit's command."""
    [line] = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    return shlex.split(line)


class Machine:
    """Two workers, each as the unit starts it; the tests are its systemd."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._stacks = [ExitStack(), ExitStack()]

    def start(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            self.workers = list(pool.map(self._start, range(2)))
        self.urls = [worker.url for worker in self.workers]

    def _start(self, number: int, port: int = 0):
        # `serve` has the words before these, and what it says of loop and parser is
        # taken back.
        words = exec_start()
        assert shlex.join(words).startswith(
            f"{PROGRAM} -m uvicorn --host 127.0.0.1 --port %i "
        )
        args = ["--loop", "auto", "--http", "auto", *words[7:-1]]
        server = serve("uvicorn", env=self._env, app=words[-1], port=port, args=args)
        return self._stacks[number].enter_context(server)

    def restart(self, number: int) -> None:
        """Start a worker that has ended, on the port that it had."""
        self._stacks[number].close()
        port = urlsplit(self.urls[number]).port
        self.workers[number] = self._start(number, port)

    def playing(self) -> list[int]:
        """Return how many connections each worker has."""
        return [
            sum(
                one.status == psutil.CONN_ESTABLISHED
                for one in psutil.Process(worker.pid).net_connections("tcp")
                if one.laddr.port == urlsplit(worker.url).port
            )
            for worker in self.workers
        ]

    def close(self) -> None:
        for stack in self._stacks:
            stack.close()


@pytest.fixture(scope="module")
def machine(postgresql_project, redis_url):
    postgresql_project.call(prepare)
    env = {
        # What the unit's EnvironmentFile is said to have.
        "DJANGO_SETTINGS_MODULE": "streamsite.settings",
        "DATABASE_URL": postgresql_project.env["DATABASE_URL"],
        "REDIS_URL": redis_url,
        "SECRET_KEY": "tests",
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    machine = Machine(env)
    try:
        machine.start()
        yield machine
    finally:
        machine.close()


@pytest.fixture(scope="module")
def nginx(machine):
    with serve_with_nginx(machine.urls, around=AROUND) as nginx:
        yield nginx


@pytest.fixture(scope="module")
def publish(postgresql_project):
    """Publish a script; return its stream's slug."""
    numbers = count(1)

    def publish(body, **settings):
        slug = f"deployed-{next(numbers)}"
        postgresql_project.call(content.publish, slug, body, **settings)
        return slug

    return publish


async def until(check, seconds=20):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_both_workers_play_what_one_http2_connection_asks_for(
    machine, nginx, publish
):
    text = TEXT * 3  # Long enough for all to have begun.
    slug = publish(text, delay_ms=50)
    url = f"{nginx.https}/streams/{slug}/events"
    async with httpx.AsyncClient(http2=True, verify=False, trust_env=False) as client:
        playing = [asyncio.create_task(client.get(url)) for _ in range(40)]
        await until(lambda: sum(machine.playing()) >= 40)
        shares = machine.playing()
        answers = await asyncio.gather(*playing)
    assert {answer.http_version for answer in answers} == {"HTTP/2"}
    assert {spoken(answer.content) for answer in answers} == {text}
    # Least connections: half each, but for those that nginx keeps for later.
    assert min(shares) >= 15


def test_an_edit_in_the_admin_is_what_both_workers_say_next(machine, nginx, publish):
    slug = publish("the old text", delay_ms=0)
    path = f"/streams/{slug}/events"

    def said():
        return {spoken(httpx.get(url + path).content) for url in machine.urls}

    assert said() == {"the old text"}
    with httpx.Client(base_url=nginx.https, verify=False, trust_env=False) as editor:

        def submit(page, **fields):
            editor.get(page)
            token = editor.cookies["csrftoken"]
            fields |= {"csrfmiddlewaretoken": token}
            answer = editor.post(page, data=fields, headers={"Referer": nginx.https})
            assert answer.status_code == 302, answer.text

        submit("/admin/login/", username="admin", password="demo")
        found = editor.get("/admin/streams/script/", params={"q": slug}).text
        [page] = set(re.findall(r"/admin/streams/script/\d+/change/", found))
        submit(page, title=slug, slug=slug, body="a new text", rendering="literal")
    time.sleep(lookup.FRESH)
    assert said() == {"a new text"}


async def open_streams(stack, client, url, most):
    """Open streams one after the other, and no more once one is refused."""
    for opened in range(most):
        response = await stack.enter_async_context(client.stream("GET", url))
        if response.status_code != 200:
            await response.aread()
            return opened, response
    raise AssertionError(f"none of {most} was refused")


async def test_a_streams_own_limit_is_each_workers(nginx, publish):
    slug = publish("x" * 200, delay_ms=100, max_concurrent=3)
    url = f"{nginx.http}/streams/{slug}/events"
    async with AsyncExitStack() as stack, new_client() as client:
        opened, refused = await open_streams(stack, client, url, 10)
    assert opened == 2 * 3
    assert refused.status_code == 429
    assert json.loads(refused.content)["code"] == "too_many_streams"


async def test_nginx_limits_one_client_over_all_workers(machine, publish):
    slug = publish("x" * 200, delay_ms=100)
    changes = {"streams_clients 10000;": "streams_clients 5;"}
    with serve_with_nginx(machine.urls, around=AROUND, changes=changes) as nginx:
        url = f"{nginx.http}/streams/{slug}/events"
        async with AsyncExitStack() as stack, new_client() as client:
            opened, refused = await open_streams(stack, client, url, 10)
    assert opened == 5
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert refused.text.startswith("Too many streams for one client")


async def play_while(machine, nginx, publish, do):
    """Let 20 readers play, do something to the first worker, and start it again.

    Return the readers that went on with the other worker.
    """
    text = TEXT * 2
    slug = publish(text, delay_ms=60, retry_ms=200)
    readers = [Played() for _ in range(20)]
    url = f"{nginx.http}/streams/{slug}/events"
    async with new_client() as client:
        playing = asyncio.gather(*(play(client, url, one) for one in readers))
        await until(lambda: all(len(one.parts) >= 3 for one in readers))
        assert min(machine.playing()) >= 5
        do(machine.workers[0].process)
        # systemd would kill it ten seconds after SIGTERM.
        await asyncio.to_thread(machine.workers[0].process.wait, 10)
        await playing
    assert {one.text for one in readers} == {text}
    assert {one.resets for one in readers} == {0}
    moved = [one for one in readers if one.connections > 1]
    assert len(moved) >= 5
    machine.restart(0)
    return moved


async def test_streams_of_a_killed_worker_resume_and_its_successor_plays(
    machine, nginx, publish
):
    moved = await play_while(machine, nginx, publish, lambda worker: worker.kill())
    assert all(one.failures for one in moved)
    short = f"{nginx.http}/streams/{publish('ok', delay_ms=0)}/events"

    def check():
        assert httpx.get(short, trust_env=False).status_code == 200
        assert machine.playing()[0]

    # nginx tries it again five seconds after it failed.
    eventually(check, timeout=20)


async def test_a_worker_that_is_restarted_breaks_no_connection(machine, nginx, publish):
    """SIGTERM: each stream gets a clean end, and is told to come back."""
    moved = await play_while(machine, nginx, publish, lambda worker: worker.terminate())
    assert not any(one.failures for one in moved)


def test_systemd_finds_no_fault_in_the_unit(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not here")
    unit = tmp_path / "streams@8001.service"
    # It wants programs that exist.
    unit.write_text(UNIT.replace(PROGRAM, sys.executable))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_compose_finds_no_fault_in_its_file():
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            ran = subprocess.run([*command, "version"], capture_output=True)
            if ran.returncode == 0:
                break
    else:
        pytest.skip("docker compose is not here")
    env_file = ["--env-file", str(DEPLOY / "env.example")]
    arguments = [*env_file, "--file", str(DEPLOY / "compose.yaml"), "config"]
    env = {"PATH": "/usr/bin:/bin:/usr/local/bin"}
    # Nothing is filled in yet, and that is what it says.
    ran = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, env=env
    )
    assert ran.returncode != 0
    assert "SECRET_KEY" in ran.stderr
    env |= {"SECRET_KEY": "x", "POSTGRES_PASSWORD": "x"}
    ran = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, env=env
    )
    assert ran.returncode == 0, ran.stderr


def test_all_files_start_the_workers_alike():
    """On the ports that nginx.conf names, with the command that the tests run."""
    ports = re.findall(
        r"server 127\.0\.0\.1:(\d+) ", (DEPLOY / "nginx.conf").read_text()
    )
    assert re.findall(r"PORT: (\d+)", COMPOSE) == ports
    [line] = re.findall(
        r"^CMD (.*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE
    )
    shell, option, command = json.loads(line)
    assert (shell, option) == ("sh", "-c")
    words = [word.replace("%i", "$PORT") for word in exec_start()[1:]]
    assert command == " ".join(["exec python", *words])


def test_all_variables_are_the_sites_own():
    settings = (ROOT / "streamsite" / "settings.py").read_text()
    [shared] = re.findall(r"&environment\n((?:    \w.*\n)+)", COMPOSE)
    of_compose = re.findall(r"^    (\w+):", shared, re.MULTILINE)
    of_unit = re.findall(r"^#     ([A-Z_]+)=", UNIT, re.MULTILINE)
    assert of_compose == of_unit
    for name in of_unit:
        assert re.search(rf"^{name} ", settings, re.MULTILINE), name
