"""Far more streams than one worker can keep in time, while somebody uses the admin."""

import http.cookiejar
import re
import threading
import time
import urllib.parse
import urllib.request
from contextlib import suppress

from bench.catalogue import MODELS
from bench.generator import playing
from bench.results import Row
from bench.stacks import Stack
from bench.tables import Bench, row_of

OPENED_A_SECOND = 150
"""Fewer than a worker can set up: what is measured here is what plays."""

PAGES = ("", "streams/stream/", "streams/script/", "streams/script/1/change/")


class Visitor(threading.Thread):
    """Signs in to the admin and opens one page after another."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        direct = urllib.request.ProxyHandler({})
        self._open = urllib.request.build_opener(direct, jar).open
        self._base = f"http://127.0.0.1:{port}/admin/"
        self._left = threading.Event()
        self.times: list[float] = []
        """Seconds that each page took."""
        self.errors: list[str] = []

    def run(self) -> None:
        self._sign_in()
        number = 0
        while not self._left.wait(0.5):
            page = PAGES[number % len(PAGES)]
            number += 1
            began = time.monotonic()
            try:
                with self._open(self._base + page, timeout=60) as response:
                    response.read()
                self.times.append(time.monotonic() - began)
            except OSError as error:
                self.errors.append(f"/admin/{page}: {error}")

    def leave(self) -> None:
        self._left.set()
        self.join(60)

    def _sign_in(self) -> None:
        with suppress(OSError), self._open(self._base, timeout=60) as response:
            page = response.read().decode()
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
            assert token
            form = {
                "csrfmiddlewaretoken": token[1],
                "username": "bench",
                "password": "bench",
                "next": "/admin/",
            }
            data = urllib.parse.urlencode(form).encode()
            self._open(self._base + "login/", data, timeout=60).close()


def crowd(bench: Bench, stack: Stack) -> Row:
    """Play 5,000 streams that last for more than a minute, all of them at once."""
    scale = bench.scale
    ramp = scale.crowd / OPENED_A_SECOND
    load = playing(MODELS["long"], scale.crowd, ramp=ramp, churn=False)
    with bench.serve(stack) as server:
        bench.warm_up(server)
        visitor = Visitor(server.port)
        visitor.start()
        result = bench.measure(server, *load, window=scale.crowd_window)
        visitor.leave()
    times = sorted(visitor.times)
    return row_of(
        result,
        streams=scale.crowd,
        speaking=result["playing"]["speaking"],
        admin_pages=len(times),
        admin_errors=visitor.errors[:3],
        admin_p50=1e3 * times[len(times) // 2] if times else None,
        admin_max=1e3 * times[-1] if times else None,
    )
