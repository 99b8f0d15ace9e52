"""Many EventSources at once: six over HTTP/1.1, all over HTTP/2."""

import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from tests.processes import ROOT, Project, eventually, serve
from tests.proxies.nginx import serve_with_nginx
from tests.servers import content

SLUG = "many"
PATH = f"/streams/{SLUG}/events"
EVENTS = 200
DELAY_MS = 100

OPEN = """([path, count]) => {
  window.sources = Array.from({ length: count }, (_, number) => {
    const source = new EventSource(`${path}?number=${number}`);
    source.heard = source.finished = 0;
    source.onmessage = () => (source.heard += 1);
    source.addEventListener("done", () => { source.finished = 1; source.close(); });
    return source;
  });
}"""
HEARD = "() => sources.filter((source) => source.heard).length"
FINISHED = "() => sources.filter((source) => source.finished).length"
PROTOCOLS = """() => [...new Set(
  performance.getEntriesByType("resource")
    .filter((entry) => entry.name.includes("/events"))
    .map((entry) => entry.nextHopProtocol)
)]"""


@pytest.fixture(scope="module")
def nginx(project):
    project.call(content.publish, SLUG, "x" * EVENTS, delay_ms=DELAY_MS)
    with (
        serve("uvicorn", env=project.env) as one,
        serve("uvicorn", env=project.env) as other,
        serve_with_nginx([one.url, other.url]) as nginx,
    ):
        yield nginx


@contextmanager
def demo_with_tls(folder):
    """`manage.py demo --tls`; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    project = Project(folder)
    project.call(content.publish, SLUG, "x" * EVENTS, delay_ms=DELAY_MS)
    env = {k: v for k, v in os.environ.items() if k != "DEMO_PASSWORD"}
    env |= project.env
    env |= {"DJANGO_SETTINGS_MODULE": "streamsite.settings", "SECRET_KEY": "tests"}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", f"127.0.0.1:{port}", "--tls"],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def check():
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(f"https://127.0.0.1:{port}/", verify=False, trust_env=False)
        except httpx.TransportError as error:
            raise AssertionError(log.read_text()) from error

    try:
        eventually(check, timeout=60)
        [url] = re.findall(r"Page +(https://\S+)/", log.read_text())
        yield url
    finally:
        process.terminate()
        process.wait(10)
        project.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with demo_with_tls(tmp_path_factory.mktemp("demo")) as url:
        yield url


@pytest.fixture(scope="module", params=["nginx", "daphne"])
def https(request):
    if request.param == "nginx":
        return request.getfixturevalue("nginx").https
    return request.getfixturevalue("demo")


@pytest.fixture
def page(chromium):
    """A page that takes our certificate."""
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def wait_until_heard(page, count):
    page.wait_for_function(f"() => ({HEARD})() >= {count}", timeout=15_000)


def test_over_http2_twenty_play_at_once(page, https):
    page.goto(f"{https}/streams/{SLUG}/plan")
    page.evaluate(OPEN, [PATH, 20])
    wait_until_heard(page, 20)
    assert page.evaluate(FINISHED) == 0
    # The browser tells the protocol of what has ended.
    page.evaluate(
        """(path) => fetch(`${path}?delay_ms=0`).then((response) => response.text())""",
        PATH,
    )
    assert page.evaluate(PROTOCOLS) == ["h2"]
    # Still none has ended: the twenty were there all at once, and went on.
    assert page.evaluate(FINISHED) == 0


def test_over_http1_six_of_eight_play_and_two_wait(page, nginx):
    page.goto(f"{nginx.http}/streams/{SLUG}/plan")
    page.evaluate(OPEN, [PATH, 8])
    wait_until_heard(page, 6)
    page.wait_for_timeout(3_000)
    assert page.evaluate(HEARD) == 6
    assert page.evaluate(FINISHED) == 0
    # As soon as two leave, the two that waited begin.
    page.evaluate(
        "() => sources.filter((s) => s.heard).slice(0, 2).map((s) => s.close())"
    )
    wait_until_heard(page, 8)
    page.evaluate("() => sources.map((source) => source.close())")
    page.evaluate(
        """(path) => fetch(`${path}?delay_ms=0`).then((response) => response.text())""",
        PATH,
    )
    assert page.evaluate(PROTOCOLS) == ["http/1.1"]


def test_over_http2_the_page_that_compares_says_that_none_waits(page, demo):
    page.goto(f"{demo}/compare")
    assert page.inner_text("#protocol") == "HTTP/2"
    page.click("text=Open eight")
    verdict = page.wait_for_selector("#eight [data-verdict]:not([hidden])")
    assert verdict.inner_text().startswith("None of the eight waits: HTTP/2")
    assert page.locator(".tiles [data-state=streaming]").count() == 8
    page.click("text=Close them")
    assert page.locator(".tiles [data-state=closed]").count() == 8
