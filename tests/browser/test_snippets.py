"""The programs on a stream's page: what is shown and copied is what the server gives."""

import httpx
from playwright.sync_api import expect

PROMPT = 'It\'s "here" \\ $(id) `id` </script> 今天 👩‍👩‍👧'

# As by a link that somebody made for another stream.
CHANGE = """document.querySelector("form[data-playground]").dispatchEvent(
    new CustomEvent("settings-changed", { detail: { fault: "drop:1" } }))"""


def test_the_page_shows_and_copies_what_the_server_gives(page, site):
    def given(client, **asked):
        url = f"{site}/streams/greeting/snippets/{client}"
        return httpx.post(url, json=asked).raise_for_status().text

    def expect_shown(program):
        # Exactly: to_have_text() takes all white space for the same.
        expect(shown).to_have_js_property("textContent", program)

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site}/streams/greeting/?seed=7#prompt=Hi")
    shown, client = page.locator("[data-program]"), page.locator("#snippet-client")
    # What the address says is in it from the beginning.
    expect_shown(given("curl", prompt="Hi", seed="7"))
    page.fill("#prompt", PROMPT)
    page.fill("#speed", "2")
    expect_shown(given("curl", prompt=PROMPT, seed="7", speed="2"))

    client.focus()
    page.keyboard.press("ArrowDown")
    python = given("openai-python", prompt=PROMPT, seed="7", speed="2")
    expect_shown(python)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-copy]")).to_have_text("Copied")
    expect(page.locator("[role=status]").first).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == python

    # What is wrong is said, and what is still right is not copied for it.
    copy, problem = page.locator("[data-copy]"), page.locator("[data-problem]")
    page.fill("#speed", "50")
    expect(problem).to_have_text("Speed: Value must be less than or equal to 10.")
    expect(copy).to_be_disabled()
    assert shown.text_content() == python
    page.click("[data-reset]")
    expect_shown(given("openai-python", prompt=PROMPT))
    expect(copy).to_be_enabled()
    page.evaluate(CHANGE)
    expect(problem).to_contain_text("Stream 'greeting' takes no `fault` from callers")
    # Chromium tells of each answer that is an error.
    [trouble] = page.troubles
    assert "403 (Forbidden)" in trouble
    page.troubles.clear()
