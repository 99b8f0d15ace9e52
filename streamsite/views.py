from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from streams.models import Stream


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """A form that plays the greeting."""
    greeting = Stream.objects.filter(slug="greeting").first()
    if greeting:
        stream_url = reverse("admin:streams_stream_change", args=[greeting.pk])
        script_url = reverse("admin:streams_script_change", args=[greeting.script_id])
    else:
        stream_url = reverse("admin:streams_stream_changelist")
        script_url = reverse("admin:streams_script_changelist")
    context = {
        "script_url": script_url,
        "stream_url": stream_url,
        "chat_url": request.build_absolute_uri(reverse("stream_chat")),
    }
    return render(request, "home.html", context)


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Eight EventSources at once, and one stream over three transports."""
    return render(request, "compare.html")
