"""Installable: wheel → empty environment → new project → the README's lines → plays.

The test reads the lines from the README, so that the README cannot be wrong.
"""

import os
import re
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.oracles import spoken
from tests.processes import eventually

ROOT = Path(__file__).parent.parent


def run(*command, cwd, **env):
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "TESTS_"))
    }
    clean.pop("DATABASE_URL", None)
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean | env,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    run(
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        out,
        cwd=ROOT,
    )
    [path] = out.glob("*.whl")
    return path


def test_the_wheel_holds_the_app_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"streams"}
    for needed in (
        "streams/py.typed",
        "streams/migrations/0001_initial.py",
        "streams/templates/streams/stream.html",
        "streams/templates/admin/streams/change_form.html",
        "streams/static/streams/stream-form.js",
        "streams/static/streams/vendor/marked/LICENSE",
        "streams/static/streams/vendor/marked/marked.esm.js",
        "streams/locale/zh_Hans/LC_MESSAGES/django.mo",
        "streams/fixtures/demo/content.toml",
        "streams/fixtures/demo/torture-zh.md",
        "streams/snippets/openai-python.txt",
    ):
        assert needed in names


def readme_lines(name: str) -> str:
    """Return the Python block of the README that adds the app to that file."""
    readme = (ROOT / "README.md").read_text("utf-8")
    [block] = re.findall(
        rf"```python\n# {re.escape(name)}\n(.*?)```", readme, re.DOTALL
    )
    return block


def _answers(url):
    try:
        assert httpx.head(url).status_code == 200
    except httpx.TransportError as error:
        raise AssertionError(url) from error


def test_five_lines_add_it_to_a_new_project(wheel, tmp_path):
    venv = tmp_path / "venv"
    python = venv / "bin" / "python"
    # The pip that is here installs there: a copy of it is not what is tested.
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path)
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "-q", "--no-compile", f"{wheel}[daphne]", cwd=tmp_path)
    run(
        venv / "bin" / "django-admin",
        "startproject",
        "yoursite",
        tmp_path,
        cwd=tmp_path,
    )

    settings = tmp_path / "yoursite" / "settings.py"
    urls = tmp_path / "yoursite" / "urls.py"
    settings.write_text(settings.read_text() + readme_lines("settings.py"))
    urls.write_text(urls.read_text() + readme_lines("urls.py"))
    added = readme_lines("settings.py") + readme_lines("urls.py")
    assert len(added.strip().splitlines()) <= 5

    manage = tmp_path / "manage.py"
    run(python, manage, "migrate", cwd=tmp_path)
    run(python, "-W", "error", manage, "check", "--fail-level", "WARNING", cwd=tmp_path)
    # Channels is an extra: what follows works without it.
    assert not list(venv.glob("lib/python*/site-packages/channels"))
    run(python, manage, "streams", "demo", cwd=tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [python, manage, "runserver", "--noreload", str(port)],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
    )
    try:
        url = f"http://127.0.0.1:{port}/streams/greeting"
        eventually(lambda: _answers(f"{url}/events"), timeout=20)
        response = httpx.get(f"{url}/events?name=Ann&speed=10")
        assert spoken(response.content).startswith("Hello, Ann!")
        assert (
            httpx.get(f"http://127.0.0.1:{port}/static/streams/page.css").status_code
            == 200
        )
    finally:
        server.terminate()
        server.wait(10)
