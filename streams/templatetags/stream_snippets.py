"""Programs in a stream's page."""

from django import template
from django.template.context import RequestContext

from streams.exceptions import Problem
from streams.formats.call import Call
from streams.models import Stream
from streams.snippets import FIRST, names, snippet

register = template.Library()


@register.simple_tag
def program_clients() -> list[str]:
    """Return what there are programs for, those first that most people look for."""
    known = names()
    return [*FIRST, *(name for name in known if name not in FIRST)]


@register.simple_tag(takes_context=True)
def program(context: RequestContext, client: str, stream: Stream) -> dict[str, str]:
    """Return the program that plays a stream by its own settings, or the problem."""
    base_url = context.request.build_absolute_uri("/")
    try:
        return {"text": snippet(client, stream, Call(), base_url), "problem": ""}
    except Problem as problem:
        return {"text": "", "problem": problem.message}
