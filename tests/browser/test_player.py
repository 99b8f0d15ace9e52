"""`<stream-player>` in Chromium: in a page of Django's, and in one of another origin."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import content

DOCS = Path(__file__).parents[2] / "docs/embedding.md"

# What docs/embedding.md says is enough.
POLICY = (
    "default-src 'none'; script-src {site}; connect-src {site} {sockets};"
    " require-trusted-types-for 'script'"
)

TAGS = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>An article</title></head><body><h1>An article</h1>
{% load streams %}
{% stream_player "greeting" name="Ann" delay_ms=15 controls="play stop drop" %}
{% stream_player "greeting" name="Bob" delay_ms=15 lane="fetch" controls="play drop" %}
{% stream_player "greeting" name="Eve" delay_ms=15 lane="ws" controls="play drop" %}
</body></html>"""

RECORD = """() => {
  window.told = [];
  for (const name of ["start", "event", "done", "error"]) {
    document.addEventListener(`stream-${name}`, ({ target, detail }) => {
      window.told.push([target.getAttribute("lane"), name, detail]);
    });
  }
  for (const player of document.querySelectorAll("stream-player")) {
    player.said = [];
    const status = player.shadowRoot.querySelector("[role=status]");
    new MutationObserver(() => player.said.push(status.textContent))
      .observe(status, { childList: true });
    player.drawn = 0;
    new MutationObserver(() => (player.drawn += 1))
      .observe(player.shadowRoot.querySelector("[part=text]"),
        { childList: true, characterData: true, subtree: true });
  }
}"""


@pytest.fixture
def policy(site):
    return POLICY.format(site=site, sockets=site.replace("http", "ws"))


def told(page, lane, name):
    return [
        detail
        for of, what, detail in page.evaluate("window.told")
        if (of, what) == (lane, name)
    ]


def test_three_lanes_in_one_page_say_the_same_whatever_is_dropped(
    page, site, policy, project, other_origin
):
    """By keyboard alone, each is dropped in the middle and goes on where it was."""
    html, said = project.call(content.render_players, TAGS)
    other_origin.pages["/article"] = html.replace('src="/', f'src="{site}/'), policy
    page.goto(f"{other_origin.url}/article")
    page.evaluate(RECORD)
    lanes = {"sse": "Ann", "fetch": "Bob", "ws": "Eve"}
    players = page.locator("stream-player")
    expect(players).to_have_count(3)
    expect(page.get_by_role("group", name="Greeting (uses your name)")).to_have_count(3)
    page.get_by_role("button", name="Play").first.focus()
    for index in range(3):
        assert (
            page.evaluate("document.activeElement.getAttribute('lane')")
            == (list(lanes)[index])
        )
        player = players.nth(index)
        page.keyboard.press("Enter")
        expect(player.get_by_role("status")).to_have_text("Streaming")
        page.keyboard.press("Tab")
        if index == 0:
            page.keyboard.press("Tab")
        expect(player.locator('[part="text"]')).to_contain_text("Hello")
        page.keyboard.press("Space")
        expect(player.get_by_role("status")).to_have_text(
            "Connection lost, reconnecting"
        )
        page.keyboard.press("Tab")
    for index, (lane, name) in enumerate(lanes.items()):
        status = players.nth(index).get_by_role("status")
        finished = re.compile(r"Done · \d+ events · \d+\.\d s")
        # Three seconds are between a lost connection and the next.
        expect(status).to_have_text(finished, timeout=10_000)
        # What is read aloud: its starts and ends, and nothing of the text.
        assert players.nth(index).evaluate("player => player.said.slice(0, -1)") == [
            "Connecting",
            "Streaming",
            "Connection lost, reconnecting",
            "Streaming",
        ]
        text = said.replace("NAME", name)
        expect(players.nth(index).locator('[part="text"]')).to_have_text(
            text, use_inner_text=True
        )
        [done] = told(page, lane, "done")
        assert done["complete"]
        assert done["text"] == text
        [start] = told(page, lane, "start")
        assert bool(start["run"]) == (lane != "sse")
        events = told(page, lane, "event")
        assert len(events) == done["events"]
        ids = [event["id"] for event in events]
        assert len(set(ids)) == len(ids)
        spoken = [event["data"] for event in events if event["event"] == "message"]
        assert "".join(spoken) == text
        times = [event["time"] for event in events]
        assert times == sorted(times)


def test_the_page_of_the_docs_plays_from_another_origin(
    page, site, policy, other_origin
):
    """Without Django, twice on a page; one is taken out of it while it plays."""
    [html] = re.findall(r"```html\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    html = html.replace("https://streams.example.org", site)
    other_origin.pages["/"] = html, policy
    page.goto(f"{other_origin.url}/")
    page.evaluate(RECORD)
    player = page.locator("stream-player")
    region = page.get_by_role("group", name="A greeting")
    expect(page.get_by_text("Here a greeting would be typed.")).to_be_hidden()
    # Whoever wants less motion sees the text once a second.
    page.emulate_media(reduced_motion="reduce")
    region.get_by_role("button", name="Play").click()
    expect(region).to_contain_text("Hello, Ann!")
    region.get_by_role("button", name="Stop").click()
    expect(region.get_by_role("status")).to_have_text(re.compile("Stopped · "))
    [stopped] = told(page, "fetch", "done")
    assert not stopped["complete"]
    # Once for the first second, and what was left at the end.
    assert player.evaluate("player => player.drawn") <= 3 < stopped["events"]

    # Another one, which plays by itself once it is in view, and is taken away.
    player.evaluate(
        """async (first) => {
          const second = first.cloneNode(true);
          second.setAttribute("autoplay", "");
          second.setAttribute("lane", "sse");
          second.setAttribute("aria-label", "Second");
          const far = document.createElement("div");
          far.style.blockSize = "3000px";
          first.after(far, second);
          // Told after the element's own observer, which is older.
          await new Promise((told) => new IntersectionObserver(told).observe(second));
        }"""
    )
    second = page.get_by_role("group", name="Second")
    assert second.evaluate("player => player.phase") == "idle"
    second.scroll_into_view_if_needed()
    expect(second).to_contain_text("Hello")
    with page.expect_event("requestfailed") as closed:
        assert second.evaluate("p => { p.remove(); return p.phase; }") == "stopped"
    assert closed.value.failure == "net::ERR_ABORTED"
    assert closed.value.resource_type == "eventsource"

    # What the server has to say against it, and what the page has instead.
    player.evaluate("p => { p.setAttribute('speed', '99'); p.play(); }")
    expect(region.get_by_role("alert")).to_contain_text("speed")
    expect(page.get_by_text("Here a greeting would be typed.")).to_be_visible()
    player.evaluate("p => { p.setAttribute('lane', 'sse'); p.play(); }")
    expect(region.get_by_role("alert")).to_contain_text("speed")
    [refused] = told(page, "sse", "error")
    assert refused["status"] == 400
    refusals = [text for text in page.troubles if "400 (Bad Request)" in text]
    assert page.troubles == refusals
    page.troubles.clear()
