"""A real Chromium, and the demo site on real servers."""

import os
import shutil
from contextlib import ExitStack, suppress

import pytest
from playwright.sync_api import Error, sync_playwright

from tests.browser.elsewhere import serve_pages
from tests.conftest import cannot_run
from tests.processes import COMMANDS, serve

# The last three keep Chromium from asking its maker's hosts for things.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    names = [
        os.environ.get("CHROMIUM", ""),
        # The same engine without windows, which take a second of each page's time.
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
    ]
    return next((path for name in names if name and (path := shutil.which(name))), None)


# For this package only: while Playwright runs, no other test can run an event loop.
@pytest.fixture(scope="package")
def chromium():
    executable = find_chromium()
    if executable is None:
        cannot_run("no Chromium: install the system's package, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def other_origin():
    """Another origin, whose pages the demo site lets in."""
    with serve_pages() as server:
        yield server


@pytest.fixture(scope="package")
def sites(project, other_origin):
    """The demo site with its content and account, on each server, by its name."""
    from tests.browser import content

    project.call(content.prepare)
    env = project.env | {
        "DJANGO_SETTINGS_MODULE": "streamsite.settings",
        "SECRET_KEY": "tests",
        "CORS_ALLOWED_ORIGINS": other_origin.url,
    }
    app = "streamsite.asgi:application"
    with ExitStack() as stack:
        yield {
            kind: stack.enter_context(serve(kind, env=env, app=app)).url
            for kind in COMMANDS
        }


@pytest.fixture
def site(sites):
    """The demo site as `make demo` serves it; what pages do, they do on any server."""
    return sites["daphne"]


@pytest.fixture(params=COMMANDS)
def every_site(request, sites):
    """The demo site on each server, for what comes through it event by event."""
    return sites[request.param]


def troubles_of(page) -> list[str]:
    """Return a list that gets whatever a page complains of."""
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None,
    )
    # Chromium asks for it on pages that name no icon.
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    return troubles


@pytest.fixture
def page(chromium):
    """A page that complains: an error on its console is one of the test."""
    context = chromium.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.troubles = troubles = troubles_of(page)
    yield page
    with suppress(Error):
        context.close()
    assert not troubles


@pytest.fixture
def sign_in(page, site):
    page.goto(f"{site}/admin/login/?next=/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "demo")
    page.click("input[type=submit]")
    page.wait_for_url(f"{site}/admin/")
