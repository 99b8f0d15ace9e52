"""The demo page, as a visitor uses it."""

import re
import time

from playwright.sync_api import expect

from tests.browser import content

GREETING = "Hello, Ann 安! 👋 This text was written by hand in the admin"


def send(page, name):
    page.fill("#name", name)
    page.click("button:has-text('Send')")


def phase(page):
    return page.get_attribute("[role=status]", "data-phase")


def said(page):
    return page.text_content("[data-said]")


def wait_for_text(page, length):
    # The site's policy forbids what wait_for_function() does.
    text = re.compile(f".{{{length + 1},}}", re.DOTALL)
    expect(page.locator("[data-said]")).to_have_text(text)


def test_it_types_the_greeting_with_the_name_and_ends(page, every_site):
    page.goto(every_site)
    send(page, "Ann 安")
    page.wait_for_selector("[data-phase=streaming]")
    lengths = set()
    while phase(page) == "streaming":
        lengths.add(len(said(page)))
        page.wait_for_timeout(50)
    assert phase(page) == "done"
    assert said(page).startswith(GREETING)
    assert said(page).endswith("press Send again.")
    # It was typed, not shown at once: the text was seen at many lengths.
    assert len(lengths) > 20
    assert page.inner_text("[role=status]") == "Done"


def test_a_finished_stream_is_not_asked_for_again(page, site):
    """The browser would connect again after three seconds."""
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(site)
    send(page, "A")
    page.wait_for_selector("[data-phase=done]")
    before = len(requests)
    page.wait_for_timeout(5_000)
    assert requests[before:] == []


def test_stop_stops(page, site):
    page.goto(site)
    assert page.is_disabled("[data-stop]")
    send(page, "Ann")
    wait_for_text(page, 5)
    page.click("[data-stop]")
    assert phase(page) == "stopped"
    shown = said(page)
    page.wait_for_timeout(500)
    assert said(page) == shown
    assert page.is_disabled("[data-stop]")


def test_sending_again_starts_anew(page, site):
    page.goto(site)
    send(page, "Ann")
    wait_for_text(page, 5)
    send(page, "Bo")
    page.wait_for_selector("[data-phase=done]")
    assert said(page).startswith("Hello, Bo! 👋")
    assert said(page).count("Hello") == 1


def test_a_refusal_is_told_in_its_own_words(page, site, project):
    project.call(content.set_published, "greeting", False)
    try:
        page.goto(site)
        send(page, "Ann")
        page.wait_for_selector("[data-phase=failed]")
        assert "Failed: No stream 'greeting'." in page.inner_text("[role=status]")
    finally:
        project.call(content.set_published, "greeting", True)
    # The browser itself logs that the requests were refused.
    assert all("404" in trouble for trouble in page.troubles)
    page.troubles.clear()


def test_an_edit_in_the_admin_is_what_the_next_stream_says(
    page, site, sign_in, project
):
    page.goto(site)
    send(page, "Ann")
    page.wait_for_selector("[data-phase=streaming]")
    page.goto(site)
    page.click("text=the greeting's script")
    page.fill("#id_body", "Changed for {{ params.name }}: 今天 👩‍👩‍👧‍👦.")
    page.fill("#id_reason", "Shorter")
    page.click("input[name=_continue]")
    page.wait_for_selector(".messagelist .success")
    page.goto(site)
    send(page, "Ann")
    page.wait_for_selector("[data-phase=done]")
    assert said(page) == "Changed for Ann: 今天 👩‍👩‍👧‍👦."
    project.call(content.prepare)


def test_revisions_are_compared_and_restored_by_hand(page, site, sign_in, project):
    page.goto(f"{site}/admin/streams/script/")
    page.click("text=Greeting (uses your name)")
    page.fill("#id_body", "Something else")
    page.click("input[name=_continue]")
    page.wait_for_selector(".messagelist .success")
    expect(page.locator("#id_body")).to_have_value("Something else")
    page.click(".object-tools >> text=Revisions")
    page.click("text=with the one before >> nth=0")
    assert "Something else" in page.inner_text(".diff ins")
    page.click("input[value^='Restore revision']")
    page.wait_for_selector(".messagelist .success")
    assert page.input_value("#id_body").startswith("Hello{% if params.name %}")
    page.click(".object-tools >> text=Play")
    page.wait_for_url("**/streams/greeting/")
    page.click("button:has-text('Play')")
    page.wait_for_selector("[data-phase=done]")
    assert said(page).startswith("Hello and welcome! 👋")
    project.call(content.prepare)


def test_an_error_in_the_admin_keeps_the_text(page, site, sign_in):
    page.goto(f"{site}/admin/streams/script/add/")
    page.fill("#id_title", "Mine")
    page.fill("#id_body", "Three\nlines <!-- stream: pause soon -->\nof text\n")
    page.click("input[name=_save]")
    page.wait_for_selector(".errorlist")
    assert "Line 2: 'pause soon' has no duration" in page.inner_text(".errorlist")
    assert page.input_value("#id_body") == (
        "Three\nlines <!-- stream: pause soon -->\nof text\n"
    )


def test_without_javascript_the_form_opens_the_stream(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    assert "Without JavaScript" in page.inner_text(".notice")
    page.fill("#name", "Ann")
    with page.expect_response("**/stream_chat?name=Ann") as response:
        # The browser shows or saves the events; either way they come.
        page.click("button:has-text('Send')", no_wait_after=True)
    assert response.value.headers["content-type"].startswith("text/event-stream")
    context.close()


def test_the_first_event_comes_as_soon_as_it_is_due(page, every_site):
    """The slow thinker waits two seconds and says so meanwhile."""
    page.goto(f"{every_site}/streams/slow-thinker/")
    page.click("button:has-text('Play')")
    started = time.monotonic()
    page.wait_for_selector("[data-phase=waiting]")
    waiting = page.inner_text("[data-phase-name]")
    assert waiting == "Connected, waiting for the first event"
    page.wait_for_selector("[data-phase=streaming]")
    assert 1.8 < time.monotonic() - started < 4
    page.click("[data-stop]")
