"""Pages of another origin, in Chromium: with and without credentials."""

import functools
import http.server
import threading

import httpx
import pytest

from tests.browser import content
from tests.processes import serve


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Another origin, with an empty page."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "index.html").write_text("<!doctype html><title>Elsewhere</title>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def open_site(request, project, elsewhere):
    """The demo site, open to that origin."""
    project.call(content.prepare)
    env = project.env | {
        "DJANGO_SETTINGS_MODULE": "streamsite.settings",
        "SECRET_KEY": "tests",
        "CORS_ALLOWED_ORIGINS": elsewhere,
    }
    with serve(request.param, env=env, app="streamsite.asgi:application") as server:
        yield server.url


EVENT_SOURCE = """([url, withCredentials]) => new Promise((resolve) => {
  let text = "";
  const source = new EventSource(url, { withCredentials });
  source.onmessage = (event) => (text += event.data);
  source.addEventListener("done", () => { source.close(); resolve(text); });
  source.onerror = () => { source.close(); resolve(`refused after ${text}`); };
})"""

POST = """async (url) => {
  const response = await fetch(url, {
    method: "POST",
    credentials: "include",
    headers: { "Content-Type": "application/json", "Last-Event-ID": "" },
    body: JSON.stringify({ name: "Ann" }),
  });
  return [response.headers.get("X-Stream-Seed"), await response.text()];
}"""


@pytest.mark.parametrize("with_credentials", [False, True])
def test_event_source_from_another_origin(page, open_site, elsewhere, with_credentials):
    page.goto(elsewhere)
    url = f"{open_site}/streams/greeting/events?name=Ann&delay_ms=0"
    text = page.evaluate(EVENT_SOURCE, [url, with_credentials])
    assert text.startswith("Hello, Ann! 👋")


def test_fetch_by_post_from_another_origin(page, open_site, elsewhere):
    """It asks beforehand, and may read what the stream says about itself."""
    page.goto(elsewhere)
    url = f"{open_site}/streams/greeting/events?delay_ms=0&seed=7"
    seed, body = page.evaluate(POST, url)
    assert seed == "7"
    assert body.endswith("data: [DONE]\n\n")


def test_cookies_come_along_where_they_are_sent(page, open_site, elsewhere, project):
    """A stream for people who are signed in plays for one of them, elsewhere too."""
    project.call(content.set_access, "greeting", "signed-in")
    try:
        url = f"{open_site}/streams/greeting/events?name=Ann&delay_ms=0"
        page.goto(f"{open_site}/admin/login/?next=/admin/")
        page.fill("#id_username", "admin")
        page.fill("#id_password", "demo")
        page.click("input[type=submit]")
        page.wait_for_url(f"{open_site}/admin/")
        page.goto(elsewhere)
        assert page.evaluate(EVENT_SOURCE, [url, True]).startswith("Hello, Ann!")
        assert page.evaluate(EVENT_SOURCE, [url, False]) == "refused after "
    finally:
        project.call(content.set_access, "greeting", "public")
    assert all("401" in trouble for trouble in page.troubles)
    page.troubles.clear()


def test_other_origins_are_told_nothing(open_site, elsewhere):
    url = f"{open_site}/streams/greeting/events?delay_ms=0"
    allowed = httpx.get(url, headers={"Origin": elsewhere}).headers
    assert allowed["access-control-allow-origin"] == elsewhere
    assert allowed["access-control-allow-credentials"] == "true"
    assert "origin" in allowed["vary"]
    refused = httpx.get(url, headers={"Origin": "https://evil.example"}).headers
    assert "access-control-allow-origin" not in refused
    asked = {
        "Origin": elsewhere,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,last-event-id",
    }
    preflight = httpx.options(url, headers=asked)
    assert preflight.status_code in (200, 204)
    assert "last-event-id" in preflight.headers["access-control-allow-headers"]
    admin = httpx.get(f"{open_site}/admin/login/", headers={"Origin": elsewhere})
    assert "access-control-allow-origin" not in admin.headers
