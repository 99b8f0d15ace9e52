"""A fault in the admin shows what its kind takes, and sends no more than that."""

from playwright.sync_api import expect


def test_fields_follow_the_kind_of_a_fault(page, site, sign_in):
    page.goto(f"{site}/admin/streams/stream/add/")
    page.click("#faults-group .add-row a")
    place, status = page.locator("#id_faults-0-after_event"), "#id_faults-0-status"
    expect(place).to_be_visible()
    expect(page.locator(status)).to_be_hidden()
    place.fill("3")
    page.select_option("#id_faults-0-kind", "status")
    page.fill(status, "429")
    expect(page.locator("#id_faults-0-retry_after_s")).to_be_visible()
    # What was written there before is not sent.
    expect(place).to_be_hidden()
    expect(place).to_be_disabled()
    page.select_option("#id_faults-0-kind", "stall")
    expect(place).to_have_value("3")
    expect(page.locator("#id_faults-0-seconds")).to_be_visible()
    expect(page.locator(status)).to_be_disabled()
