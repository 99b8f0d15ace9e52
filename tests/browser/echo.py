"""A stream of sixty events that says what it was told, and then some.

Published in the project's own process.
"""

import regex

from streams.models import Script, Stream
from streams.models.script import Rendering
from tests.texts import NASTY

EVENTS = 60
"""Of text, one for each grapheme cluster; `done` comes after them."""

PROMPT = 'Who? 👩‍👩‍👧‍👦 安 <b>&"'
_NASTY = "".join(one for one in NASTY if one != "\r\n")
_REST = f"{_NASTY}\n\n data: x\nid: 7\n\n[DONE]  \t: \u2028\x85"
_REST += "." * (EVENTS - len(regex.findall(r"\X", PROMPT + _REST)))
TEXT = PROMPT + _REST


def publish(slug: str, **settings: object) -> None:
    body = "{{ prompt }}" + _REST
    script = Script(slug=slug, title=slug, body=body, rendering=Rendering.TEMPLATE)
    script.save()
    Stream.objects.create(
        slug=slug, title=slug, script=script, published=True, retry_ms=100, **settings
    )
