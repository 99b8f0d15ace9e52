"""The page of one stream: what it plays, what it shows of that, and what it says aloud."""

import json
import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.oracles import read_events

# Nothing inline, nothing from elsewhere, and no HTML from strings.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; require-trusted-types-for 'script'"
)

LISTEN = """() => {
  window.aloud = [];
  const status = document.querySelector("[role=status]");
  const hear = () => window.aloud.push(status.textContent);
  new MutationObserver(hear).observe(status, { childList: true });
}"""


@pytest.fixture
def strict_page(page):
    """A page whose site has the strictest policy; a breach is an error on its console."""

    def answer(route):
        response = route.fetch()
        headers = response.headers | {"content-security-policy": POLICY}
        route.fulfill(response=response, headers=headers)

    # To Chromium, an answer of Playwright's comes from no known network.
    page.context.grant_permissions(["local-network-access"])
    page.route(re.compile(r"/streams/[a-z-]+/(\?|$)"), answer)
    return page


def said(page):
    return page.text_content("[data-said]")


def wait_for_text(page, length):
    # The policy forbids what wait_for_function() does.
    text = re.compile(f".{{{length + 1},}}", re.DOTALL)
    expect(page.locator("[data-said]")).to_have_text(text)


def is_at_end(page):
    return page.locator("[data-rows]").evaluate(
        "rows => rows.scrollHeight - rows.scrollTop - rows.clientHeight < 5"
    )


def download(page, kind):
    with page.expect_download() as found:
        page.click(f"[data-download={kind}]")
    return found.value.path().read_bytes()


def whole_text(site, slug):
    steps = httpx.get(f"{site}/streams/{slug}/plan").json()["steps"]
    return "".join(step["text"] for step in steps)


def test_by_keyboard_it_is_dropped_and_goes_on_with_nothing_lost(strict_page, site):
    page = strict_page
    page.goto(f"{site}/streams/greeting/?lane=ws&delay_ms=10#prompt=Hi")
    assert page.input_value("#prompt") == "Hi"
    expect(page.locator("[data-changed]")).to_have_text("2 changed")
    page.evaluate(LISTEN)
    page.keyboard.press("Space")
    wait_for_text(page, 20)
    page.keyboard.press("d")
    page.wait_for_selector("[data-phase=reconnecting]")
    expect(page.locator("[data-clock]")).to_contain_text("in 2.")
    page.wait_for_selector("[data-phase=done]")
    text = whole_text(site, "greeting")
    assert said(page) == text
    assert page.evaluate("window.aloud") == [
        "Started",
        "Connection lost, reconnecting",
        page.inner_text("[role=status]"),
    ]
    # One status for the end, not one for each event.
    assert "Finished. Events: 206, in" in page.inner_text("[role=status]")
    # The log shows the retry, the id, and that the next event follows it.
    log = [json.loads(line) for line in download(page, "jsonl").splitlines()]
    notes = [entry["note"] for entry in log if "note" in entry]
    last = re.fullmatch(
        r"connection lost; retry after 3000 ms, Last-Event-ID: (\w+-(\d+))", notes[0]
    )
    assert notes[1] == f"connected again, after event {last[1]}"
    messages = [entry for entry in log if entry.get("event") == "message"]
    positions = [int(entry["id"].split("-")[1]) for entry in messages]
    after = positions[positions.index(int(last[2])) + 1]
    assert positions == sorted(set(positions))
    assert after - int(last[2]) <= 2  # 👋 is one step, and counts for one or two
    assert read_events(download(page, "sse"))[-1].event == "done"
    # The link has the seed that was drawn, and keeps the prompt from the server.
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(r"\?lane=ws&delay_ms=10&seed=\d+#prompt=Hi$"))


def test_it_is_held_and_released_and_every_byte_is_shown(strict_page, site, sign_in):
    page = strict_page
    page.goto(f"{site}/streams/greeting/?seed=7&speed=2")
    page.click("text=Play")
    wait_for_text(page, 20)
    page.keyboard.press("h")
    page.wait_for_selector("[data-phase=held]")
    page.wait_for_timeout(600)
    held = said(page)
    page.wait_for_timeout(300)
    assert said(page) == held
    page.click("text=Release")
    wait_for_text(page, len(held))
    page.keyboard.press("p")
    expect(page.locator("[data-pause]")).to_have_text(re.compile(r"\([1-9]\d* waiting"))
    paused = said(page)
    page.wait_for_timeout(200)
    assert said(page) == paused
    page.keyboard.press("p")
    page.wait_for_selector("[data-phase=done]")
    text = whole_text(site, "greeting")
    assert said(page) == text
    # It stood still for a while, and that is no lateness.
    assert page.get_attribute("[data-verdict]", "data-is") != "buffered"
    assert float(page.inner_text("[data-figure=late]").split()[0]) < 600
    body = httpx.get(f"{site}/streams/greeting/events?seed=7&speed=10").content

    def comparable(raw):
        return re.sub(rb"^: run \w+", b"", raw)

    assert comparable(download(page, "sse")) == comparable(body)
    page.locator("label:has-text('Bytes')").click()
    shown = page.text_content("[data-bytes]")
    assert comparable(shown.encode()) == comparable(body)


def test_buffering_is_named_and_the_log_follows_at_its_end_only(strict_page, site):
    page = strict_page
    page.route("**/events", lambda route: route.fulfill(response=route.fetch()))
    page.goto(f"{site}/streams/long-text/?delay_ms=200&speed=10&chunk_size=10")
    page.click("text=Play")
    page.wait_for_selector("[data-phase=done]")
    verdict = page.locator("[data-verdict]")
    expect(verdict).to_contain_text("Something between server and browser is coll")
    assert verdict.get_attribute("data-is") == "buffered"
    page.unroute("**/events")
    # All at once over the browser's own, a row for each character.
    page.select_option("#lane", "sse")
    page.fill("#delay_ms", "0")
    page.select_option("#unit", "grapheme")
    page.fill("#chunk_size", "1")
    page.click("text=Play")
    rows = page.locator("[data-log] tbody tr")
    expect(rows.last).to_contain_text("[DONE]", timeout=15_000)
    assert rows.count() == 2000
    assert is_at_end(page)
    assert len(download(page, "jsonl").splitlines()) > 2001
    # Not at its end, it stays where its reader is.
    page.fill("#delay_ms", "100")
    page.click("text=Play")
    expect(rows.nth(40)).to_be_attached()
    page.locator("[data-rows]").evaluate("rows => rows.scrollTop = 0")
    jump = page.get_by_role("button", name="Jump to the latest")
    expect(jump).to_be_visible()
    assert page.locator("[data-rows]").evaluate("rows => rows.scrollTop") == 0
    jump.click()
    expect(jump).to_be_hidden()
    assert is_at_end(page)
    page.click("[data-stop]")
    assert page.get_attribute("[data-phase]", "data-phase") == "stopped"
    # What cannot be is said in the server's words, and aloud.
    page.click("[data-reset]")
    page.fill("#speed", "3")
    page.locator("#speed").evaluate("field => field.max = 99")
    page.fill("#speed", "99")
    page.click("text=Play")
    expect(page.get_by_role("alert")).to_contain_text("is above this stream's limit 10")
    # The browser itself logs that two requests were refused.
    assert all("400" in trouble for trouble in page.troubles)
    page.troubles.clear()
