"""What the app's own pages say about streams."""

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from streams.models.timing import Estimate

register = template.Library()


@register.filter
def in_words(estimate: Estimate | None) -> str:
    """Say an estimate: "212 chunks · 9.8 s"."""
    if estimate is None:
        return _("cannot be played: its script has an error")
    chunks = ngettext("%(count)s chunk", "%(count)s chunks", estimate.chunks)
    counted = chunks % {"count": number_format(estimate.chunks, force_grouping=True)}
    return f"{counted} · {duration(estimate.duration)}"


@register.filter
def duration(seconds: float) -> str:
    """Say a duration: "9.8 s" or "2 min 05 s"."""
    if round(seconds, 1) < 60:
        said = _("%(seconds)s s") % {"seconds": number_format(seconds, 1)}
    else:
        minutes, rest = divmod(round(seconds), 60)
        values = {"minutes": minutes, "seconds": rest}
        said = _("%(minutes)d min %(seconds)02d s") % values
    return unbroken(said)


def unbroken(said: str) -> str:
    """Keep a number and its unit on one line."""
    return said.replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def unlocalized(number: float) -> str:
    """Write a number as HTML attributes want it, whatever the language."""
    return f"{number:.15g}"


@register.simple_tag
def admin_url(name: str, *args: object) -> str:
    """Return the address of an admin page; nothing where the site has no admin."""
    try:
        return reverse(f"admin:{name}", args=args)
    except NoReverseMatch:
        return ""
