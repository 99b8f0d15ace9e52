"""A form that is not left unsaved by accident, its key, and the button that undoes."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import content

# Whether the page lets go without asking.
LEAVE = "dispatchEvent(new Event('beforeunload', { cancelable: true }))"


@pytest.fixture
def address(project, site):
    [(slug, _body)] = project.call(content.publish_texts, [("Saved. ", "word", 1)])
    yield f"{site}/admin/streams/script/?q={slug}"
    project.call(content.remove_texts)


def test_leaving_asks_while_something_differs_and_ctrl_s_saves(page, address, sign_in):
    asked = []

    def answer(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", answer)
    page.goto(address)
    page.click("#result_list tbody th a")
    body, form = page.locator("#id_body"), page.url
    # Its script shows it.
    hint = page.locator("[data-form-guard]")
    expect(hint).to_be_visible()
    expect(hint).to_contain_text("saves and goes on")

    # Typed and taken back, it is what it was: nobody asks.
    body.press("Control+End")
    body.press_sequentially("x")
    body.press("Backspace")
    assert page.evaluate(LEAVE)

    body.fill("Typed. ")
    page.locator("#site-name a").click()
    expect(body).to_have_value("Typed. ")
    assert (asked, page.url) == (["beforeunload"], form)

    # The key saves, wherever one is.
    page.locator("#id_tags").press("Control+s")
    message = page.locator(".messagelist")
    expect(message).to_contain_text("Saved as revision 2.")
    assert asked == ["beforeunload"]

    # What was saved can be undone, and what was undone as well.
    message.get_by_role("button", name="Undo").click()
    expect(message).to_contain_text("Revision 2 is undone")
    expect(body).to_have_value("Saved. ")
    expect(message.get_by_role("button", name="Undo")).to_be_visible()

    # Any revision plays, whatever the script says now.
    page.goto(f"{form.partition('/change/')[0]}/revisions/2/#preview")
    panel = page.get_by_role("complementary", name="Revision 2")
    panel.get_by_role("button", name="Play").click()
    expect(panel.locator("[data-said]")).to_have_text(re.compile("^Typed"))
    assert asked == ["beforeunload"]
