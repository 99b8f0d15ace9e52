"""A form that plays what it holds: as one types, with mistakes, signed out, and saved."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import content


@pytest.fixture
def address(project, site):
    """The admin's page of a stream and of its script, which go again."""
    [(slug, _body)] = project.call(content.publish_texts, [("Saved. ", "word", 1)])
    yield lambda what: f"{site}/admin/streams/{what}/?q={slug}"
    project.call(content.remove_texts)


def test_a_form_plays_what_is_typed_and_loses_no_text(page, project, address, sign_in):
    page.goto(address("script"))
    page.click("#result_list tbody th a")
    panel = page.get_by_role("complementary", name="Preview")
    line, said = panel.locator("[data-line]"), panel.locator("[data-said]")
    body = page.locator("#id_body")

    # With it collapsed, the line is true all the same.
    expect(line).to_have_text(re.compile("^1 chunk · "))
    body.press("Control+End")
    body.press_sequentially("Typed now")
    expect(line).to_have_text(re.compile("^3 chunks · about 0.0\\s*s · 2[0-9][0-9]"))
    page.locator(".preview summary").click()
    body.press_sequentially(".")
    expect(said).to_have_text("Saved. Typed now.")

    # A mistake leaves what was heard last, and says so; its link leads to the field.
    body.press_sequentially("<!-- stream: puase -->")
    expect(panel).to_have_attribute("data-old", "")
    expect(panel).to_contain_text("from before your last change: fix 1 field")
    expect(panel).to_contain_text("did you mean `pause`?")
    expect(said).to_have_text("Saved. Typed now.")
    panel.get_by_role("link", name="Body").click()
    expect(body).to_be_focused()

    # Somebody who saves meanwhile is told of while one types.
    script = page.url.split("/")[-3]
    project.call(content.save_again, script)
    body.press_sequentially(" ")
    compare = panel.get_by_role("link", name="See what has changed")
    expect(compare).to_have_attribute("href", re.compile(f"/script/{script}/"))

    # Signed out in another tab, nothing is sent that would not arrive.
    body.fill("Long work of mine.")
    expect(said).to_have_text("Long work of mine.")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.click("input[name=_continue]")
    expect(panel.get_by_role("alert")).to_contain_text("The text is still here")
    expect(panel.get_by_role("link", name="sign in in another tab")).to_be_visible()
    expect(body).to_have_value(re.compile("Long work of mine."))
    # Signed in again, with another token: the same button saves it.
    page.context.add_cookies([c for c in cookies if c["name"] != "csrftoken"])
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(panel.locator("[data-lost]")).to_have_text("")
    page.click("input[name=_continue]")
    page.get_by_label("Save what I have here all the same").check()
    page.click("input[name=_continue]")
    expect(page.locator(".messagelist .success").first).to_be_visible()
    expect(body).to_have_value(re.compile("Long work of mine."))
    # Chromium notes what the old token was answered with.
    page.troubles[:] = [t for t in page.troubles if "status of 403" not in t]


def test_what_is_played_and_left_is_stored_nowhere(page, project, address, sign_in):
    """Also what cuts its own connection, which is no trouble of the form's."""
    page.goto(address("script"))
    page.click("#result_list tbody th a")
    stored = project.call(content.stored)
    page.locator(".preview summary").click()
    panel = page.get_by_role("complementary", name="Preview")
    body = page.locator("#id_body")
    body.fill("Never kept.<!-- stream: drop --> Nor this.")
    expect(panel.locator("[data-said]")).to_have_text("Never kept.")
    expect(panel.locator("[data-phase]")).to_have_text("The connection was cut")
    expect(panel.locator("[data-aloud]")).to_have_text("")
    # Whoever presses Play hears of it, whoever types does not.
    panel.get_by_role("button", name="Play").click()
    expect(panel.get_by_role("status").nth(1)).to_have_text("The connection was cut")
    expect(panel.get_by_role("alert")).to_have_text("")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(address("script"))
    assert project.call(content.stored) == stored

    # Of what is deleted meanwhile, the text stays.
    page.click("#result_list tbody th a")
    body.fill("Still here.")
    project.call(content.remove_texts)
    page.click("input[name=_continue]")
    expect(panel.get_by_role("alert")).to_contain_text("does not exist any more")
    expect(body).to_have_value("Still here.")
    page.troubles.clear()


def test_presets_fill_the_form_and_take_their_faults_away(page, address, sign_in):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address("stream"))
    page.click("#result_list tbody th a")
    line = page.locator(".preview [data-line]")
    expect(line).to_have_text(re.compile("^1 chunk · "))
    faults = page.locator("#faults-group .inline-related:not(.empty-form)")
    page.get_by_role("button", name="Flaky network").click()
    expect(faults).to_have_count(2)
    expect(page.locator("#id_faults-1-after_event")).to_have_value("4")
    page.get_by_role("button", name="Slow model").click()
    expect(faults).to_have_count(0)
    expect(page.locator("#id_ttft_ms")).to_have_value("2500")
    expect(line).to_contain_text("first event after 2500")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
