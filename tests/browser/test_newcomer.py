"""From `make demo` to one's own words in the page, and all of it by keyboard."""

import re
import time

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser import content
from tests.processes import ROOT

MOST_CLICKS = 10
MOST_SECONDS = 120
"""In which a person has to have done it; a machine's own part of it is all we see."""

WRITTEN = "These are my own words. 👋"


@pytest.fixture
def clicks(page):
    """Every click that the page's visitor made, as the browser counts them."""
    counted = []
    page.expose_function("count", lambda what: counted.append(what))
    page.add_init_script(
        "addEventListener('click', (event) => event.isTrusted && event.detail"
        " && count(event.target.outerHTML.slice(0, 80)), true)"
    )
    return counted


@pytest.fixture
def greeting(project):
    """Comes back as it was."""
    yield
    project.call(content.prepare)


def test_the_readmes_path_to_an_edited_script_that_plays(page, site, clicks, greeting):
    """The README names the account, and the page that `make demo` prints."""
    readme = (ROOT / "README.md").read_text("utf-8")
    [(user, password)] = re.findall(r"sign in: `(\w+)` / `(\w+)`", readme)
    started = time.monotonic()
    page.goto(site)
    page.click("text=the greeting's script")
    # Whoever is not signed in yet comes to where they wanted to go.
    page.fill("#id_username", user)
    page.fill("#id_password", password)
    page.click("input[type=submit]")
    page.fill("#id_body", WRITTEN)
    page.click("text=Save and continue editing")
    # A link that is followed before the answer is there would take it back.
    page.wait_for_selector(".messagelist .success")
    page.click(".object-tools >> text=Play")
    page.wait_for_url("**/streams/greeting/")
    page.click("button[type=submit]")
    expect(page.locator("[data-said]")).to_have_text(WRITTEN)
    page.wait_for_selector("[data-phase=done]")
    assert 3 < len(clicks) <= MOST_CLICKS, clicks
    assert time.monotonic() - started < MOST_SECONDS


def test_by_keyboard_alone_it_plays_stops_and_reconnects(page, site, clicks, sign_in):
    """Dropping is in test_playground.py, with what the log shows then."""
    page.goto(f"{site}/streams/greeting/?delay_ms=15&seed=7")
    clicks.clear()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('button[type=submit]')"):
            break
    page.keyboard.press("Enter")
    said = page.locator("[data-said]")
    expect(said).to_have_text(re.compile(".{10}", re.DOTALL))
    # From Play, the next stop is Stop.
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-phase=stopped]")
    # And by single keys: Stop has nothing more to stop, and so no focus.
    page.keyboard.press("Space")
    page.wait_for_selector("[data-reconnect]:enabled")
    page.keyboard.press("r")
    page.wait_for_selector("[data-phase=done]")
    log = page.locator("[data-log]")
    expect(log).to_contain_text(re.compile(r"Last-Event-ID: (\w+-\d+)"))
    expect(log).to_contain_text("connected again, after event ")
    steps = httpx.get(f"{site}/streams/greeting/plan").json()["steps"]
    expect(said).to_have_text("".join(step["text"] for step in steps))
    page.keyboard.press("Space")
    page.wait_for_selector("[data-phase=streaming]")
    page.keyboard.press("Space")
    page.wait_for_selector("[data-phase=stopped]")
    assert clicks == []
