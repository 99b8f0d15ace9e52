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

# Pixels in the colour of what came.
COUNT_ACCENT = """(canvas) => {
  const style = getComputedStyle(canvas).getPropertyValue("--stream-accent");
  const [r, g, b] = style.match(/[0-9a-f]{2}/g).map((hex) => parseInt(hex, 16));
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    count += data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255;
  }
  return count;
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
    page.goto(f"{site}/streams/greeting/?lane=ws&text=plain&delay_ms=10#prompt=Hi")
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
    expect(page).to_have_url(
        re.compile(r"\?lane=ws&text=plain&delay_ms=10&seed=\d+#prompt=Hi$")
    )


def test_it_is_held_and_released_and_every_byte_is_shown(strict_page, site, sign_in):
    page = strict_page
    page.goto(f"{site}/streams/greeting/?text=plain&seed=7&speed=2")
    page.click("text=Play")
    wait_for_text(page, 20)
    page.keyboard.press("h")
    page.wait_for_selector("[data-phase=held]")
    page.wait_for_timeout(600)
    held = said(page)
    page.wait_for_timeout(300)
    assert said(page) == held
    page.get_by_role("button", name="Release").click()
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
    assert 1950 < rows.count() <= 2000
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
    expect(page.locator("[data-problem]")).to_contain_text("limit 10")
    # The browser itself logs that three requests were refused: plan, play and program.
    assert all("400" in trouble for trouble in page.troubles)
    page.troubles.clear()


def test_lanes_side_by_side_say_the_same_and_each_can_be_looked_at(strict_page, site):
    page = strict_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site}/streams/greeting/?lane=all&text=plain&delay_ms=6&seed=7")
    page.evaluate(LISTEN)
    page.click("text=Play")
    lanes = page.locator(".lane")
    for index in range(3):
        expect(lanes.nth(index)).to_have_attribute("data-at", "done")
    text = whole_text(site, "greeting")
    assert page.locator("[data-said]").all_text_contents() == [text] * 3
    started, finished = page.evaluate("window.aloud")
    assert started == "Started"
    titles = ("fetch, POST", "EventSource", "WebSocket")
    ends = zip(finished.split(" · "), titles, strict=True)
    assert all(end.startswith(f"{title}: Finished. Ev") for end, title in ends)

    # The log has one of them: the same events, and what its transport shows of them.
    logs = {}
    for title in titles:
        page.locator(".lane-tab", has_text=title).click()
        log = [json.loads(line) for line in download(page, "jsonl").splitlines()]
        logs[title] = [(e["event"], e["id"], e["data"]) for e in log if "event" in e]
        hint = page.get_by_text("An EventSource shows events only")
        assert hint.is_visible() == (title == "EventSource")
    assert logs["fetch, POST"] == logs["EventSource"] == logs["WebSocket"]
    events = [name for name, _id, _data in logs["WebSocket"]]
    assert events == ["message"] * 206 + ["done"]

    # What is looked for is found, shown whole, and copied.
    page.fill("[data-filter]", "dONe")
    rows = page.locator("[data-log] tbody tr")
    expect(rows).to_have_count(1)
    expect(page.locator("[data-filtered]")).to_have_text(re.compile(r"^1 of 20\d$"))
    page.fill("[data-filter]", "message")
    expect(rows).to_have_count(206)
    rows.last.get_by_role("button").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    whole = json.loads(rows.nth(204).locator("code").text_content())
    assert (whole["event"], whole["id"], whole["data"]) == logs["WebSocket"][204]
    assert whole["number"] == 205
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(rows.nth(204)).to_contain_text("Copied")
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == whole
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(page.locator("[data-log] code")).to_have_count(0)

    # The timeline has as many dots as there are events, and draws them.
    page.keyboard.press("t")
    plot = page.get_by_role("img", name="Timeline. Events planned: 206, seen: 206, in ")
    expect(plot).to_be_visible()
    assert plot.evaluate(COUNT_ACCENT) > 200
    assert page.locator("[data-rows]").is_hidden()

    # On a phone, lanes are tabs.
    page.set_viewport_size({"width": 320, "height": 640})
    expect(page.locator("[data-said]:visible")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("radio", name="WebSocket").focus()
    page.keyboard.press("ArrowLeft")
    expect(lanes.nth(1).locator("[data-said]")).to_be_visible()

    # For those who want less motion, there is a choice.
    calm = page.get_by_label("Show as it arrives")
    expect(calm).to_be_hidden()
    page.emulate_media(reduced_motion="reduce")
    expect(calm).to_be_visible()

    # Another stream is played in the same way.
    page.get_by_label("Another stream").fill("long-text")
    page.keyboard.press("Enter")
    page.wait_for_url("**/streams/long-text/*")
    query = "lane=all&text=plain&view=timeline&seed=7&delay_ms=6"
    assert page.url.partition("?")[2] == query
    expect(lanes).to_have_count(3)
    page.get_by_label("Compare", exact=True).uncheck()
    expect(lanes).to_have_count(1)
    assert "lane" not in page.url.partition("?")[2]


def test_tabs_that_take_a_browsers_connections_say_so(page, site):
    """Two that compare: four streams over HTTP/1.1, where a browser has six connections."""
    other = page.context.new_page()
    tabs = (page, other)
    for tab in tabs:
        tab.goto(f"{site}/streams/long-text/?lane=all&delay_ms=200")
        tab.click("button[type=submit]")
        tab.wait_for_selector(".lane:nth-child(3)[data-at=streaming]")
        assert tab.locator("[data-siblings]").is_visible() == (tab is other)
    for tab in tabs:
        expect(tab.locator("[data-siblings]")).to_contain_text("play 4 streams")
    other.goto("about:blank")
    expect(page.locator("[data-siblings]")).to_be_hidden()
    page.keyboard.press("Space")
    other.close()


def test_what_is_pressed_twice_does_what_it_says(page, site):
    page.goto(f"{site}/streams/long-text/?delay_ms=200&seed=7#prompt=first")
    play = page.get_by_role("button", name="Play", exact=True)
    play.focus()
    page.keyboard.press("Space")
    page.wait_for_selector("[data-phase=streaming]")
    page.keyboard.press("Space")
    page.wait_for_selector("[data-phase=stopped]")
    # A key that is let go presses nothing more.
    page.wait_for_timeout(200)
    assert page.locator("[data-phase=stopped]").count() == 1

    # The link has what is set now, not what was played; and its button finds its word.
    page.fill("#seed", "8")
    copy = page.locator("[data-link]")
    copy.click()
    copy.click()
    assert "seed=8" in page.url
    expect(copy).to_have_text("Copy link")
    page.evaluate("location.hash = 'prompt=second'")
    expect(page.get_by_label("Prompt")).to_have_value("second")
