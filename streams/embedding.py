"""Streams inside other pages: what `{% stream_player %}` writes into them."""

import logging
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import TemplateSyntaxError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from streams.core.directions import Channel
from streams.exceptions import Problem, ScriptError
from streams.formats.call import Call
from streams.models import Stream
from streams.models.entry import User
from streams.serving.access import Asker, find_stream
from streams.serving.requests import get_asker

logger = logging.getLogger("streams")

LANES = ("sse", "fetch", "ws")
"""How an element can get its events; see static/streams/lanes.js."""

SOCKETS = "/ws/streams/"
"""Where `streams.routing` serves WebSockets, for sites that do not say otherwise."""

LONGEST_TEXT = 2000
"""Code points of a script that a page shows where the element does not work."""

WORDS = {
    "play": gettext_noop("Play"),
    "stop": gettext_noop("Stop"),
    "drop": gettext_noop("Drop"),
    "text": gettext_noop("Text"),
    "idle": gettext_noop("Ready"),
    "connecting": gettext_noop("Connecting"),
    "streaming": gettext_noop("Streaming"),
    "reconnecting": gettext_noop("Connection lost, reconnecting"),
    "done": gettext_noop("Done"),
    "stopped": gettext_noop("Stopped"),
    "failed": gettext_noop("Failed"),
    "unreachable": gettext_noop("the server cannot be reached"),
    "counted": gettext_noop("0 events"),
    "seconds": gettext_noop("0 s"),
}
"""What the element says by itself, as in static/streams/player-view.js."""


def player(
    slug: str,
    request: HttpRequest | None,
    *,
    lane: str = "sse",
    src: str = "",
    label: str = "",
    params: Mapping[str, object],
    **attributes: object,
) -> dict[str, Any] | None:
    """Return what `streams/_player.html` shows of a stream; None to show nothing.

    Without a stream that this visitor may play, developers see why, and visitors
    nothing.
    """
    if lane not in LANES:
        known = ", ".join(LANES)
        raise TemplateSyntaxError(
            f"stream_player: lane is {lane!r}. Use one of {known}."
        )
    try:
        stream = find_stream(slug, _asker(request))
    except Problem as problem:
        if problem.status == 404:
            where = request.path if request else "a template"
            logger.warning("stream_player in %s: %s", where, problem.message)
        return {"problem": problem.message} if settings.DEBUG else None
    query = f"?{urlencode(dict(params))}" if params else ""
    events_url = reverse("streams:events", args=[slug]) + query
    sockets_url = f"{SOCKETS}{slug}/{query}"
    given: dict[str, object] = {
        "src": src or (sockets_url if lane == "ws" else events_url),
        "lane": lane,
        "aria-label": label or stream.title,
        **attributes,
        **_translated_words(),
    }
    prompt = str(attributes.get("prompt") or "")
    return {
        # As HTML has it: what is true has no value, and what is false is not there.
        "attributes": {
            name: value is True or str(value)
            for name, value in given.items()
            if value is not None and value is not False
        },
        "said": said(stream, Call(prompt=prompt, params=params)),
        "events_url": events_url,
    }


def said(stream: Stream, call: Call) -> str:
    """Return what a stream's own script answers, as text; nothing if it cannot."""
    try:
        planned, _extent = stream.plan(stream.script, call, seed=stream.seed or 0)
    except ScriptError:
        return ""
    pieces, length = [], 0
    for step in planned.steps:
        if step.channel == Channel.ANSWER:
            pieces.append(step.text)
            length += len(step.text)
        if length > LONGEST_TEXT:
            return "".join(pieces)[:LONGEST_TEXT] + "…"
    return "".join(pieces)


def _asker(request: HttpRequest | None) -> Asker:
    if request is not None:
        return get_asker(request)
    return Asker(lambda: cast(User, AnonymousUser()))


def _translated_words() -> dict[str, str]:
    """Return attributes for what the element does not say in this language anyway."""
    found = {name: _(text) for name, text in WORDS.items()}
    return {f"data-{name}": text for name, text in found.items() if text != WORDS[name]}
