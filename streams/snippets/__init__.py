"""Programs that play a stream, each for one client: the templates beside this file.

They are Django templates of the stream's `slug`, whether it takes an API key (`key`) or
is a `draft`, and `notes` that say so in comments; of addresses: `origin` of the site,
`api` of the vendors' paths, `events` and `socket` of the stream; and of what is asked
for: the methods of `Asked`, whose texts are literals of the program's language.
"""

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from django.template import Context, Engine, Template
from django.urls import NoReverseMatch, reverse

from streams.core.parameters import OVERRIDES
from streams.exceptions import Problem
from streams.formats.call import Call
from streams.models import Stream
from streams.preparing.choosing import Counting
from streams.preparing.preparation import prepare
from streams.snippets.answer import values_of_test
from streams.snippets.asked import Asked, sendable
from streams.snippets.quoting import JAVASCRIPT, PYTHON, SHELL, Language

FIRST = ("curl", "openai-python", "eventsource", "fetch", "websocket", "pytest")
"""Those that most people look for."""

PARAMETERS = ("prompt", *OVERRIDES)
"""What a program can ask for."""

LONGEST_ADDRESS = 8000
"""Characters of an address that servers and proxies take, unless told otherwise."""

METHODS = ("prompt", "body", "start", "chat", "query", "headers", "header_lines")
"""Of `Asked`, that templates know."""

# What can stand in a string of Python, JavaScript, HTML and the shell as it is.
_BASE_URL = re.compile(r"https?://[^\s\"'`$\\<>{}]+")

_engine = Engine()


def names() -> list[str]:
    """Return what there are snippets for."""
    paths = (path.name for path in files(__name__).iterdir())
    return sorted(name[:-4] for name in paths if name.endswith(".txt"))


def snippet(name: str, stream: Stream, call: Call, base_url: str) -> str:
    """Return a program that plays the stream as a call asks for it.

    Raise Problem for what the stream would refuse, and where there is no such program.
    """
    if not _BASE_URL.fullmatch(base_url):
        raise _impossible(
            f"'{base_url[:80]}' is no address of a site: give one such as"
            " http://127.0.0.1:8000."
        )
    if name == "eventsource" and stream.access == Stream.Access.API_KEY:
        raise _impossible(
            f"Stream '{stream.slug}' is for holders of an API key, which an EventSource"
            " cannot send: take the program for fetch."
        )
    asked = Asked(call=sendable(call), language=_language(name), model=stream.slug)
    # Whatever is wrong with what is asked for is said as the stream would say it.
    prepared = prepare(stream, asked.call, counting=Counting.PREVIEW)
    source, template = _template(name)
    values = _about(stream, source, base_url.rstrip("/"))
    values["prompted"] = bool(call.prompt)
    values["notes"] = "".join(
        f"{asked.language.comment} {note}\n" for note in _notes(stream)
    )
    # Called by a template that has a place for them, and not else.
    for method in METHODS:
        values[method] = getattr(asked, method)
    if name == "eventsource":
        values["address"] = _address(values["events"], asked)
    if name == "pytest":
        values |= values_of_test(prepared, asked)
    # A plain string, which pages escape: Django takes what it renders for safe HTML.
    return "" + template.render(Context(values, autoescape=False))


def _about(stream: Stream, source: str, base_url: str) -> dict[str, Any]:
    """Return what templates know of a stream, and where it is."""
    parts = urlsplit(base_url)
    values = {
        "slug": stream.slug,
        "key": stream.access != Stream.Access.PUBLIC,
        "draft": not stream.published,
        "socket": f"{base_url.replace('http', 'ws', 1)}/ws/streams/{stream.slug}/",
        "origin": f"{parts.scheme}://{parts.netloc}",
    }
    # A site may include the one and not the other.
    if "{{ events }}" in source or "{{ address }}" in source:
        values["events"] = base_url + _path("streams:events", stream.slug)
    if "{{ api }}" in source:
        path = _path("streams-api:models")
        values["api"] = base_url + path.removesuffix("/v1/models")
    return values


def _notes(stream: Stream) -> list[str]:
    notes = []
    if not stream.published:
        notes.append("A draft: publish it before you run this.")
    if stream.access != Stream.Access.PUBLIC:
        notes.append("An API key that opens it: export STREAMS_API_KEY=…")
    return notes


def _address(events: str, asked: Asked) -> str:
    """Return the address that says it all, for clients that send nothing else."""
    address = f"{events}?{asked.whole_query()}"
    if len(address) > LONGEST_ADDRESS:
        raise Problem(
            status=400,
            code="prompt_too_long",
            message=(
                "An EventSource says its prompt in the address, which would have"
                f" {len(address):,} characters; servers take {LONGEST_ADDRESS:,} or so."
                " Take a client that sends it in a body, such as fetch."
            ),
            param="prompt",
        )
    return address


def _language(name: str) -> Language:
    if name.startswith("curl"):
        return SHELL
    return PYTHON if name == "pytest" or name.endswith("python") else JAVASCRIPT


@lru_cache
def _template(name: str) -> tuple[str, Template]:
    source = (files(__name__) / f"{name}.txt").read_text("utf-8")
    return source, _engine.from_string(source)


def _path(name: str, *args: str) -> str:
    """Return a path of this site; raise Problem where its app is not included."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        prefix, urls = {
            "streams": ("streams/", "streams.urls"),
            "streams-api": ("", "streams.api_urls"),
        }[name.partition(":")[0]]
        raise _impossible(
            f'This site has no such address yet: add path("{prefix}",'
            f' include("{urls}")) to its urls.py.'
        ) from None


def _impossible(message: str) -> Problem:
    return Problem(status=400, code="snippet_impossible", message=message)
