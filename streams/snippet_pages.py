"""Programs that play a stream as its page is set."""

from collections.abc import Iterable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from streams.core.encoding import printable
from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.overrides import parse_call
from streams.http import NO_STORE, problem_response
from streams.pages import playground_refusal
from streams.serving.access import find_stream
from streams.serving.requests import get_asker, read_request
from streams.snippets import PARAMETERS, names, snippet


# By POST, too: a prompt is not for the log of addresses. Nothing is changed by it.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def program(request: HttpRequest, slug: str, client: str) -> HttpResponseBase:
    """Return the program for a client, as text, with what the request asks for.

    Parameters are those of the stream itself, and so is what is said of bad ones.
    """
    if refusal := playground_refusal(request):
        return refusal
    plain = get_format("plain")
    try:
        stream = find_stream(slug, get_asker(request))
        if client not in names():
            raise _unknown("snippet_not_found", 404, client, names())
        call = parse_call(plain, read_request(request))
        for name in call.params:
            raise _unknown("parameter_unknown", 400, name, PARAMETERS)
        text = snippet(client, stream, call, request.build_absolute_uri("/"))
    except Problem as problem:
        return problem_response(problem, plain)
    return HttpResponse(
        text, content_type="text/plain; charset=utf-8", headers=NO_STORE
    )


def _unknown(code: str, status: int, name: str, known: Iterable[str]) -> Problem:
    return Problem(
        status=status,
        code=code,
        message=f"'{printable(name[:40])}' is none of {', '.join(known)}.",
        param=name[:40],
    )
