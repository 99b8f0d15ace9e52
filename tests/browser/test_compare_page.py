"""The page that compares transports, over HTTP/1.1 as the servers speak it plainly."""


def test_over_http_1_two_of_eight_wait_and_the_page_says_why(page, site):
    page.goto(f"{site}/compare")
    assert page.inner_text("#protocol") == "HTTP/1.1"
    page.click("text=Open eight")
    verdict = page.wait_for_selector("#eight [data-verdict]:not([hidden])")
    assert verdict.inner_text().startswith(
        "2 of 8 wait: over HTTP/1.1 a browser opens six"
    )
    assert page.locator(".tiles [data-state=waiting]").count() == 2
    assert page.locator(".tiles [data-state=streaming]").count() == 6
    page.click("text=Close them")
    assert page.locator(".tiles [data-state=closed]").count() == 8


def test_three_transports_say_the_same(page, every_site):
    page.goto(f"{every_site}/compare")
    page.click("text=Play all three")
    verdict = page.wait_for_selector("#three [data-verdict]:not([hidden])")
    assert verdict.inner_text() == "All three said the same text."
    for lane in ("sse", "post", "ws"):
        events, first, late, size = page.locator(
            f"[data-lane={lane}] td"
        ).all_inner_texts()[:4]
        assert int(events) > 200
        assert first.endswith(" ms")
        assert late.endswith(" ms")
        assert (
            size == "the browser does not tell"
            if lane == "sse"
            else int(size.replace(",", "")) > 5_000
        )


def test_a_socket_that_is_cut_goes_on_where_it_was(page, site):
    sockets = []

    def cut_the_first(socket):
        server = socket.connect_to_server()
        sockets.append(0)
        mine = len(sockets) - 1

        def pass_on(message):
            sockets[mine] += 1
            socket.send(message)
            if mine == 0 and sockets[mine] == 50:
                socket.close(code=1011)

        server.on_message(pass_on)

    page.route_web_socket("**/ws/streams/**", cut_the_first)
    page.goto(f"{site}/compare")
    page.click("text=Play all three")
    verdict = page.wait_for_selector("#three [data-verdict]:not([hidden])")
    assert verdict.inner_text() == "All three said the same text."
    assert sockets[0] >= 50
    assert sockets[1] > 100
