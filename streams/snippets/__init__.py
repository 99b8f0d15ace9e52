"""Programs that play a stream, each for one client: the templates beside this file.

They are Django templates of `slug`, `key` (whether it takes an API key), and addresses:
`origin` of the site, `api` of the vendors' paths, `events` and `socket` of the stream.
"""

import re
from importlib.resources import files
from urllib.parse import urlsplit

from django.template import Context, Engine
from django.urls import NoReverseMatch, reverse

from streams.models import Stream

# What can stand in a string of Python, JavaScript, HTML and the shell as it is.
_BASE_URL = re.compile(r"https?://[^\s\"'`$\\<>{}]+")

_engine = Engine(autoescape=False)


def names() -> list[str]:
    """Return what there are snippets for."""
    paths = (path.name for path in files(__name__).iterdir())
    return sorted(name[:-4] for name in paths if name.endswith(".txt"))


def snippet(name: str, stream: Stream, base_url: str) -> str:
    """Return a program that plays the stream; raise ValueError if there can be none."""
    if not _BASE_URL.fullmatch(base_url):
        raise ValueError(
            f"'{base_url[:80]}' is no address of a site: give one such as"
            " http://127.0.0.1:8000."
        )
    if name == "eventsource" and stream.access == Stream.Access.API_KEY:
        raise ValueError(
            f"Stream '{stream.slug}' is for holders of an API key, which an EventSource"
            " cannot send: take `--for fetch`."
        )
    base_url = base_url.rstrip("/")
    parts = urlsplit(base_url)
    values = {
        "slug": stream.slug,
        "key": stream.access != Stream.Access.PUBLIC,
        "socket": f"{base_url.replace('http', 'ws', 1)}/ws/streams/{stream.slug}/",
        "origin": f"{parts.scheme}://{parts.netloc}",
    }
    source = (files(__name__) / f"{name}.txt").read_text("utf-8")
    # A site may include the one and not the other.
    if "{{ events }}" in source:
        values["events"] = base_url + _path("streams:events", stream.slug)
    if "{{ api }}" in source:
        path = _path("streams-api:models")
        values["api"] = base_url + path.removesuffix("/v1/models")
    return _engine.from_string(source).render(Context(values))


def _path(name: str, *args: str) -> str:
    """Return a path of this site; raise ValueError where its app is not included."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        prefix, urls = {
            "streams": ("streams/", "streams.urls"),
            "streams-api": ("", "streams.api_urls"),
        }[name.partition(":")[0]]
        raise ValueError(
            f'This site has no such address yet: add path("{prefix}",'
            f' include("{urls}")) to its urls.py.'
        ) from None
