"""Streams in a database, and a way to play them inside the process."""

from dataclasses import dataclass
from uuid import uuid4

import pytest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation

from streams.models import Run, Script, Stream, Worker
from tests.oracles import read_events, spoken


@pytest.fixture(autouse=True)
def default_language():
    """Django's client leaves the language of its last request behind."""
    yield
    translation.deactivate()


@pytest.fixture
def make_stream(db):
    """Return a function that publishes a text, without delays unless told otherwise."""

    def make(body: str = "Hello", slug: str = "hello", **settings) -> Stream:
        rendering = settings.pop("rendering", "literal")
        script, _ = Script.objects.get_or_create(
            slug=f"{slug}-script",
            defaults={"title": slug, "body": body, "rendering": rendering},
        )
        defaults = {"title": slug.title(), "delay_ms": 0, "published": True}
        return Stream.objects.create(slug=slug, script=script, **defaults | settings)

    return make


@dataclass(frozen=True)
class Played:
    """A response, with what it streamed or said."""

    response: HttpResponseBase
    body: bytes

    @property
    def status(self):
        return self.response.status_code

    @property
    def headers(self):
        return self.response.headers

    @property
    def text(self):
        return spoken(self.body)

    @property
    def events(self):
        return read_events(self.body)

    @property
    def problem(self):
        return self.response.json()


@pytest.fixture
def play(async_client):
    """Return a function that asks for a stream and reads it to its end."""

    async def play(path: str, method: str = "get", **options) -> Played:
        if not path.startswith("/"):
            path = f"/streams/{path}"
        response = await getattr(async_client, method)(path, **options)
        if response.streaming and not response.is_async:
            # The test client takes the body away from what must have none.
            body = b"".join(response.streaming_content)
        elif response.streaming:
            body = b"".join([part async for part in response.streaming_content])
        else:
            body = response.content
        return Played(response, body)

    return play


@pytest.fixture
def worker():
    now = timezone.now()
    return Worker.objects.create(
        name="web:1:0", host="web", pid=1, started=now, last_seen=now
    )


@pytest.fixture
def make_run(worker):
    """Return a function that makes rows."""

    def make(**values):
        defaults = {
            "worker": worker,
            "number": Run.objects.count(),
            "run_id": uuid4().hex,
            "stream": "greeting",
            "script": "greeting",
            "revision": "0123456789abcdef",
            "seed": 1,
            "format": "plain",
            "transport": "http",
            "client": "192.0.2.1",
            "started": timezone.now(),
            "outcome": "completed",
        }
        return Run.objects.create(**defaults | values)

    return make
