"""What the app's own pages say about streams."""

from typing import Any

from django import template
from django.forms.utils import flatatt
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from streams.embedding import player
from streams.models import Rule
from streams.models.rule import ordered_parts
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
        said = _("%(seconds)s s") % {"seconds": number_format(round(seconds, 1), 1)}
    else:
        minutes, rest = divmod(round(seconds), 60)
        values = {"minutes": minutes, "seconds": rest}
        said = _("%(minutes)d min %(seconds)02d s") % values
    return unbroken(said)


def unbroken(said: str) -> str:
    """Keep a number and its unit on one line."""
    return said.replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def rule_in_words(rule: Rule) -> str:
    """Say a rule: "prompt contains “weather”, turn 2- → Sunny, Rainy"."""

    def name(field: str) -> str:
        return str(Rule._meta.get_field(field).verbose_name)  # type: ignore[union-attr]

    said = []
    if rule.prompt_text:
        test = rule.get_prompt_test_display()
        said.append(f"{name('prompt_test')} {test} “{shortened(rule.prompt_text)}”")
    for field in ("turns", "calls"):
        if value := getattr(rule, field):
            said.append(f"{name(field)} {value}")
    for field in ("model_name", "system_text"):
        if value := getattr(rule, field):
            said.append(f"{name(field)} “{shortened(value)}”")
    for field in ("header", "parameter"):
        if wanted := getattr(rule, f"{field}_name"):
            value = getattr(rule, f"{field}_value")
            equals = f" = “{shortened(value)}”" if value else ""
            said.append(f"{name(f'{field}_name')} {wanted}{equals}")
    answer = [str(part.script) for part in ordered_parts(rule)]
    if rule.fault:
        answer.append(f"{name('fault')} “{rule.fault}”")
    conditions = ", ".join(said) or _("any call")
    answers = ", ".join(answer) or _("the stream’s own script")
    return f"{conditions} → {answers}"


def shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


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


@register.simple_tag(takes_context=True)
def stream_player(
    context: Context,
    slug: str,
    *,
    lane: str = "sse",
    controls: object = True,
    autoplay: bool = False,
    markdown: bool = False,
    prompt: object = None,
    seed: object = None,
    speed: object = None,
    events: str | None = None,
    theme: str | None = None,
    lang: str | None = None,
    label: str = "",
    src: str = "",
    **params: object,
) -> str:
    """Play a stream right here: `{% stream_player "greeting" name="Ann" %}`.

    What is no attribute of the element goes to the stream, as in its address.
    docs/embedding.md says what each does.
    """
    request = context.get("request")
    shown = player(
        slug,
        request,
        lane=lane,
        src=src,
        label=label,
        params=params,
        prompt=prompt,
        seed=seed,
        speed=speed,
        events=events,
        autoplay=bool(autoplay),
        markdown=bool(markdown),
        controls=controls,
        theme=theme,
        lang=lang,
    )
    if shown is None:
        return ""
    if "attributes" in shown:
        shown["attributes"] = flatatt(shown["attributes"])
        # Shared by all that this page includes, unlike the context itself.
        page: dict[Any, Any] = context.render_context.dicts[0]
        shown["script"] = not page.get("stream_player")
        page["stream_player"] = True
        if shown["script"]:
            shown["nonce"] = _nonce(context)
    return render_to_string("streams/_player.html", shown)


def _nonce(context: Context) -> str:
    """Return the page's nonce, as Django 6 and django-csp have it; '' without one."""
    nonce = context.get("csp_nonce")
    if nonce is None:
        nonce = getattr(context.get("request"), "csp_nonce", None)
    # Django's is false until it is used.
    return "" if nonce is None else str(nonce)
