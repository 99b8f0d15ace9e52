"""What the page of a stream says where something on the way, or the server itself, spoils
it: a real nginx that buffers, one that compresses as well, and a server that runs WSGI."""

import re

import pytest
from playwright.sync_api import expect

from tests.processes import serve
from tests.proxies.nginx import free_ports, serve_with_nginx

# Neither hears what the app asks for; the second compresses, too, whatever it said.
BUFFERING = """
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass {site};
        proxy_set_header Host $http_host;
        proxy_ignore_headers X-Accel-Buffering;
        proxy_buffering on;
        proxy_buffers 16 64k;
        {more}
    }}
}}
"""
COMPRESSING = """
        proxy_hide_header Content-Encoding;
        gzip on;
        gzip_types text/event-stream;
        gzip_min_length 0;
        gzip_proxied any;
"""
PATH = "/streams/greeting/?unit=word&delay_ms=50&seed=7"


@pytest.fixture
def proxies(site):
    """The demo site behind each of the two."""
    ports = free_ports(2)
    more = "".join(
        BUFFERING.format(port=port, site=site, more=more)
        for port, more in zip(ports, ("", COMPRESSING), strict=True)
    )
    with serve_with_nginx([site, site], more=more):
        yield [f"http://127.0.0.1:{port}" for port in ports]


@pytest.fixture
def wsgi_site(project, sites):
    """The demo site as somebody runs it who does not know of ASGI."""
    env = project.env | {
        "DJANGO_SETTINGS_MODULE": "streamsite.settings",
        "SECRET_KEY": "tests",
    }
    app = "django.core.wsgi:get_wsgi_application"
    args = ["--interface", "wsgi", "--factory"]
    with serve("granian", env=env, app=app, args=args) as server:
        yield server.url


def test_buffering_and_compression_on_the_way_are_named(page, proxies):
    pages = [page, page.context.new_page()]
    # Both play at the same time.
    for one, proxy in zip(pages, proxies, strict=True):
        one.goto(proxy + PATH)
        one.click("button[type=submit]")
    for one in pages:
        verdict = one.locator("[data-verdict]")
        expect(verdict).to_have_attribute("data-is", "buffered")
        expect(verdict).to_contain_text("Something between server and browser is coll")
        expect(verdict).to_contain_text("proxy_buffering off")
    compressed = re.compile(r"came compressed \(gzip\)")
    expect(pages[1].locator("[data-verdict]")).to_contain_text(compressed)
    expect(pages[0].locator("[data-verdict]")).not_to_contain_text(compressed)


def test_a_server_that_runs_wsgi_is_named_with_the_remedy(page, wsgi_site):
    page.goto(wsgi_site + PATH)
    page.click("button[type=submit]")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This server runs WSGI, which cannot stream")
    expect(alert).to_contain_text("uvicorn yoursite.asgi:application")
    page.wait_for_selector("[data-phase=failed]")
    # An EventSource is not told why; the page finds out.
    page.goto(f"{wsgi_site}{PATH}&lane=sse")
    page.click("button[type=submit]")
    expect(alert).to_contain_text("This server runs WSGI, which cannot stream")
    # Its server is gone before the page would be, which asks for more.
    page.goto("about:blank")
    # Chromium notes what the requests were answered with.
    assert all("status of 501" in words for words in page.troubles)
    page.troubles.clear()
