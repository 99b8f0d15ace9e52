"""`manage.py demo`: one command from nothing to a page that types."""

import os
import re
import socket
import subprocess
import sys

import httpx
import pytest

from tests.oracles import read_events
from tests.processes import ROOT, eventually


@pytest.fixture
def start(tmp_path):
    """Run the command on a database of its own; stop it afterwards."""
    running = []

    def start(address, **env):
        inherited = {
            k: v
            for k, v in os.environ.items()
            if k not in ("DJANGO_SETTINGS_MODULE", "DEMO_PASSWORD")
        }
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", address],
                cwd=ROOT,
                env={
                    **inherited,
                    "DATABASE_URL": f"sqlite:///{tmp_path}/demo.sqlite3",
                    "SECRET_KEY": "x",
                    **env,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        running.append(process)
        return process, lambda: (tmp_path / "log").read_text()

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def answers(url):
    try:
        return httpx.get(url)
    except httpx.TransportError as error:
        raise AssertionError(url) from error


def sign_in(base, password):
    with httpx.Client(base_url=base, follow_redirects=True) as client:
        client.get("/admin/login/")
        data = {"username": "admin", "password": password, "next": "/admin/"}
        data["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
        return "Log out" in client.post("/admin/login/", data=data).text


def test_it_prints_three_addresses_and_an_account_that_work(start, port):
    _, output = start(f"127.0.0.1:{port}")
    base = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(f"{base}/"), timeout=60)
    urls = re.findall(r"(http://\S+)", output())
    assert urls == [f"{base}/", f"{base}/streams/", f"{base}/admin/"]
    assert "admin / demo" in output()
    for url in urls:
        assert httpx.get(url, follow_redirects=True).status_code == 200
    assert sign_in(base, "demo")
    events = read_events(httpx.get(f"{base}/stream_chat?name=Ann&speed=10").content)
    assert events[-1].event == "done"


def test_on_another_address_it_wants_a_password(start, port):
    process, output = start(f"0.0.0.0:{port}")
    assert process.wait(60) == 1
    assert "Set DEMO_PASSWORD" in output()
    assert "Traceback" not in output()


def test_with_a_password_it_listens_anywhere_and_the_known_one_is_gone(start, port):
    process, _ = start(f"127.0.0.1:{port}")
    base = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(f"{base}/"), timeout=60)
    process.terminate()
    process.wait(10)
    _, output = start(f"0.0.0.0:{port}", DEMO_PASSWORD="correct horse")
    eventually(lambda: answers(f"{base}/"), timeout=60)
    assert "admin / (DEMO_PASSWORD)" in output()
    assert sign_in(base, "correct horse")
    assert not sign_in(base, "demo")


def test_a_port_that_is_taken_is_one_sentence(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process, output = start(f"127.0.0.1:{port}")
        assert process.wait(60) == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in output()
    assert f"make demo PORT={port + 1}" in output()
    assert "Traceback" not in output()


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:0", "127.0.0.1:70000", ""])
def test_an_address_that_is_none_is_one_sentence(start, address):
    process, output = start(address)
    assert process.wait(60) == 1
    assert f"'{address}' is not HOST:PORT, such as 127.0.0.1:8000." in output()
