"""The playground's pages."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from streams.conf import conf
from streams.exceptions import Problem
from streams.models import Stream
from streams.models.estimates import estimate_all
from streams.serving.access import find_stream
from streams.serving.requests import get_asker, get_user

PER_PAGE = 100

MOST_OFFERED = 500
"""Streams that a page offers by name; the search finds all."""

LONGEST_TITLE = 200


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """List the streams that a visitor may play, or those with a word in their name."""
    if refusal := playground_refusal(request):
        return refusal
    found = Stream.objects.playable_by(get_user(request))
    # No database has NUL in a text, and some do not like to be asked for it.
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_TITLE]
    if wanted:
        if exact := found.filter(slug=wanted).first():
            return redirect(exact)
        found = found.filter(Q(title__icontains=wanted) | Q(slug__icontains=wanted))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = estimate_all(page.object_list)
    context = {"page": page, "wanted": wanted}
    return render(request, "streams/index.html", context)


@login_not_required
@require_safe
def stream(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Play one stream in a page."""
    if refusal := playground_refusal(request):
        return refusal
    try:
        found = find_stream(slug, get_asker(request))
    except Problem as problem:
        if problem.status == 401:
            return _sign_in(request)
        if problem.status == 403:
            raise PermissionDenied(problem.message) from None
        raise Http404(problem.message) from None
    others = Stream.objects.playable_by(get_user(request))
    context = {
        "stream": found,
        "estimate": found.estimate(),
        "units": Stream.Units.choices,
        "others": others.values_list("slug", "title")[:MOST_OFFERED],
    }
    return render(request, "streams/stream.html", context)


def playground_refusal(request: HttpRequest) -> HttpResponseBase | None:
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
