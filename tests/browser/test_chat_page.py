"""A chat page, tested as its owner would: with nothing but the plugin's fixtures."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

PAGE = Path(__file__).with_name("chat.html").as_uri()
# `TIMES=50 pytest tests/browser/test_chat_page.py`: never a flake.
TIMES = int(os.environ.get("TIMES", "1"))


@pytest.mark.parametrize("time", range(TIMES))
def test_a_stopped_answer_goes_on_where_it_was(make_stream, page, time):
    stream = make_stream("One two three four five.", unit="word", delay_ms=5)
    stream.hold_after(3)
    page.goto(f"{PAGE}#{stream.url}")
    answer = page.locator("#answer")

    page.click("#send")
    expect(answer).to_have_text("One two three")
    stream.wait_until_held()
    assert answer.text_content() == "One two three "

    page.click("#stop")
    expect(answer).to_have_text("One two three")

    page.click("#send")
    expect(answer).to_have_text("One two three four five.")
    stream.assert_complete()
    assert [call.outcome for call in stream.calls] == ["cut", "completed"]


def test_a_held_answer_goes_on_chunk_by_chunk(make_stream, page):
    stream = make_stream("One two three four five.", unit="word", delay_ms=5)
    stream.hold_after(1)
    page.goto(f"{PAGE}#{stream.url}")
    answer = page.locator("#answer")

    page.click("#send")
    expect(answer).to_have_text("One")
    stream.wait_until_held()
    stream.step()
    expect(answer).to_have_text("One two")
    stream.wait_until_held()
    stream.release()
    expect(answer).to_have_text("One two three four five.")
    stream.assert_complete()
