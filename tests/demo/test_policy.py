"""The demo site's policy: on every page, and on nothing else."""

import pytest
from django.http import HttpResponse, StreamingHttpResponse

from streamsite.policy import HEADER, POLICY, content_security_policy

CASES = [
    (HttpResponse("page"), False, POLICY),
    (HttpResponse("page", status=404), False, POLICY),
    # Django's own page for developers has its style in it.
    (HttpResponse("page", status=404), True, None),
    (HttpResponse("page", status=403), True, POLICY),
    (HttpResponse("{}", content_type="application/json"), False, None),
    (StreamingHttpResponse([], content_type="text/event-stream"), False, None),
    # A view that knows better.
    (HttpResponse("page", headers={HEADER: "default-src *"}), False, "default-src *"),
]


@pytest.mark.parametrize(("response", "debug", "expected"), CASES)
async def test_pages_have_it_and_nothing_else(rf, settings, response, debug, expected):
    async def answer(request):
        return response

    settings.DEBUG = debug
    # Under ASGI and under WSGI.
    for found in (
        await content_security_policy(answer)(rf.get("/")),
        content_security_policy(lambda request: response)(rf.get("/")),
    ):
        assert found.headers.get(HEADER) == expected
