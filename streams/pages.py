"""The playground's pages."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from streams.conf import conf
from streams.exceptions import Problem
from streams.models import Stream
from streams.serving.access import find_stream
from streams.serving.requests import get_asker, get_user


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """List the streams that this visitor may play."""
    if refusal := _playground_refusal(request):
        return refusal
    streams = Stream.objects.select_related("script").playable_by(get_user(request))
    return render(request, "streams/index.html", {"streams": streams})


@login_not_required
@require_safe
def stream(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Play one stream in a page."""
    if refusal := _playground_refusal(request):
        return refusal
    try:
        found = find_stream(slug, get_asker(request))
    except Problem as problem:
        if problem.status == 401:
            return _sign_in(request)
        if problem.status == 403:
            raise PermissionDenied(problem.message) from None
        raise Http404(problem.message) from None
    events_url = reverse("streams:events", args=[slug])
    context = {
        "stream": found,
        "estimate": found.estimate(),
        "units": Stream.Units.choices,
        "events_url": request.build_absolute_uri(events_url),
    }
    return render(request, "streams/stream.html", context)


def _playground_refusal(request: HttpRequest) -> HttpResponseBase | None:
    """Return the answer for visitors whom the playground is closed to."""
    if conf.playground == "off":
        raise Http404("The playground is switched off (STREAMS['PLAYGROUND']).")
    user = get_user(request)
    if conf.playground == "public" or getattr(user, "is_staff", False):
        return None
    if user.is_authenticated:
        raise PermissionDenied("The playground is for staff.")
    return _sign_in(request)


def _sign_in(request: HttpRequest) -> HttpResponseBase:
    try:
        login_url = reverse("admin:login")
    except NoReverseMatch:
        login_url = None
    return redirect_to_login(request.get_full_path(), login_url)
