"""The page of a run that plays: its buttons, and what it says aloud."""

import re

import httpx
from playwright.sync_api import expect


def test_a_run_is_held_stepped_and_stopped_on_its_page(page, site, sign_in):
    url = f"{site}/streams/greeting/events?delay_ms=15000&ttft_ms=0"
    with httpx.Client() as client, client.stream("GET", url, timeout=30) as response:
        lines = response.iter_lines()
        data = (line for line in lines if line.startswith("data: "))
        next(data)
        run = response.headers["X-Stream-Run"]
        page.goto(f"{site}/admin/streams/run/?q={run}")
        # The journal writes twice a second.
        while not page.locator(".field-stream a").count():
            page.reload()
        page.click(".field-stream a")
        # Before its script is there, buttons are those of plain forms.
        page.wait_for_load_state()
        control = page.get_by_role("region", name="Control")
        aloud = control.get_by_role("status")
        address = page.url

        control.get_by_role("button", name="Hold").click()
        expect(aloud).to_have_text(re.compile("Held after 1 of [0-9]+ steps."))
        control.get_by_role("button", name="Step").click()
        expect(aloud).to_have_text("One step was let through.")
        next(data)
        # The page finds out by itself.
        expect(control).to_contain_text("Held after 2 of ")
        assert page.url == address

        control.get_by_role("link", name="Stop…").click()
        page.get_by_role("button", name="Yes, stop").click()
        expect(page.get_by_role("status").last).to_have_text("Stopped.")
        assert "event: error" in list(lines)
