"""`python -m streams serve FOLDER`, run as documented."""

import subprocess
import sys

import httpx
import pytest

from streams.standalone.client import StreamServer
from tests.processes import eventually

COMMAND = [sys.executable, "-m", "streams", "serve"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "greeting.md").write_text("Hello from a file.\n")
    return tmp_path


def said(server, slug):
    url = f"{server.url}/streams/{slug}/plan"
    answer = httpx.get(url, trust_env=False)
    return "".join(step["text"] for step in answer.json().get("steps", []))


def test_a_folder_is_served_and_edits_show(folder):
    with StreamServer.start(str(folder)) as server:
        assert said(server, "greeting") == "Hello from a file.\n"

        (folder / "greeting.md").write_text("Hello again.\n")
        (folder / "other.md").write_text("Another.\n")

        def edited():
            assert said(server, "greeting") == "Hello again.\n"
            assert said(server, "other") == "Another.\n"

        eventually(edited)
        # What is broken stays as it was.
        (folder / "greeting.md").write_text("<!-- stream: puase 1s -->")
        (folder / "third.md").write_text("A third.\n")

        def told():
            assert said(server, "third") == "A third.\n"

        eventually(told)
        assert said(server, "greeting") == "Hello again.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "missing"),
        (["."], "greeting.md"),
        ([".", "--port", "taken"], "choose another with --port"),
        ([".", "--port", "99999"], "choose another with --port"),
        ([], "name a folder"),
    ],
)
def test_what_cannot_be_served_is_told(folder, arguments, message, taken_port):
    (folder / "greeting.md").write_text("fine\n<!-- stream: puase 1s -->")
    arguments = [str(taken_port) if one == "taken" else one for one in arguments]
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def taken_port():
    """A port that somebody listens on."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]
