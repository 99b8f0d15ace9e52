"""Writing a script in the admin: directions at the cursor, marked, errors in place."""

BODY = "Let me think.\nA line.\n<!-- stream: puase 2s -->\nThe end.\n"


def test_directions_are_put_in_marked_and_an_error_is_shown_on_its_line(
    page, site, sign_in
):
    page.goto(f"{site}/admin/streams/script/add/")
    page.fill("#id_title", "Form")
    page.fill("#id_body", BODY)
    body = page.locator("#id_body")

    body.evaluate("area => area.setSelectionRange(0, 13)")
    page.select_option("#id_body-direction", label="together … /together")
    page.click(".script-insert button")
    together = "<!-- stream: together -->Let me think.<!-- stream: /together -->"
    assert body.input_value() == BODY.replace("Let me think.", together)
    page.select_option("#id_body-direction", label="pause 800ms")
    page.click(".script-insert button")
    pause = "<!-- stream: pause 800ms -->"
    assert body.input_value() == BODY.replace("Let me think.", together + pause)
    assert "600 s" in page.inner_text("#id_body-direction-help")
    page.wait_for_selector("mark.direction:nth-of-type(3)")
    assert page.locator("mark.direction").all_inner_texts() == [
        "<!-- stream: together -->",
        "<!-- stream: /together -->",
        pause,
    ]
    assert page.inner_text("mark.unknown") == "<!-- stream: puase 2s -->"

    # One step back, as in any text.
    body.press("Control+z")
    assert body.input_value() == BODY.replace("Let me think.", together)

    page.click("input[name=_save]")
    assert page.inner_text(".field-body .errorlist") == (
        "Line 3: unknown direction 'puase': did you mean `pause`?"
    )
    assert page.inner_text("mark.wrong") == "<!-- stream: puase 2s -->"
    selected = "area => area.value.slice(area.selectionStart, area.selectionEnd)"
    assert body.evaluate(selected) == "<!-- stream: puase 2s -->"
    # The mark lies just where the text is: both wrap and scroll alike.
    assert page.evaluate(
        "() => { const [marks, area] = document.querySelector('.script-area').children;"
        " return [marks.scrollHeight - area.scrollHeight,"
        " marks.clientWidth - area.clientWidth]; }"
    ) == [0, 0]
