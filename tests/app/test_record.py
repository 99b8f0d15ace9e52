"""`manage.py streams record`: scripts from files, and what the proxy keeps."""

import asyncio
import io
import json
import sys
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

from streams.capture import read_capture
from streams.capture.tape import Answer
from streams.management.actions import record as action
from streams.models import Script, Stream
from streams.proxying import RecordingProxy, new_client

GOLDEN = Path(__file__).parent.parent / "formats" / "golden"

CHUNKS = [
    b'data: {"choices":[{"index":0,"delta":{"content":"caf\xc3',
    b'\xa9"}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    b"data: [DONE]\n\n",
]


def record(*args, **options):
    out, err = io.StringIO(), io.StringIO()
    call_command("streams", "record", *args, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def capture(tmp_path):
    path = tmp_path / "chat.sse"
    path.write_bytes(b"".join(CHUNKS))
    return str(path)


@pytest.mark.django_db
def test_a_file_becomes_a_script_and_a_stream():
    source = str(GOLDEN / "openai-chat-tools.txt")
    out, err = record("Weather in Oslo", "--from", source, "--publish")
    said = "openai-chat, 17 deltas, 2 tool calls, 1.37 s"
    assert (out, err) == (f"Recorded script 'weather-in-oslo': {said}.\n", "")
    stream = Stream.objects.get(slug="weather-in-oslo")
    assert stream.published
    assert stream.script.title == "Weather in Oslo"
    assert stream.script.revisions.get().reason == f"Recorded: {said}"
    assert "<!-- stream: tool get_weather {" in stream.script.body


@pytest.mark.django_db
def test_a_script_is_replaced_only_on_request(capture):
    record("x", "--from", capture, "--stream")
    assert not Stream.objects.get().published
    Script.objects.get().save()
    with pytest.raises(CommandError, match="There is a script 'x': take another name"):
        record("x", "--from", str(GOLDEN / "plain.txt"))
    record("x", "--from", str(GOLDEN / "plain.txt"), "--replace")
    script = Script.objects.get()
    assert [r.number for r in script.revisions.order_by("number")] == [1, 2]
    assert Stream.objects.get().script == script


@pytest.mark.django_db
def test_a_script_is_made_of_what_is_piped_in(monkeypatch, capture):
    piped = io.TextIOWrapper(io.BytesIO(Path(capture).read_bytes()))
    monkeypatch.setattr(sys, "stdin", piped)
    assert record("x", "--from", "-", "--dry-run") == ("café", "")
    assert not Script.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["x", "--from", "/nowhere"], "/nowhere cannot be read: No such file"),
        (["…", "--from", "/nowhere"], "'…' has no letter or digit"),
        (["x", "--upstream", "api.test"], "'api.test' is no address: write --upstream"),
        (["x", "--upstream", "http://a:b"], "'http://a:b' is no address"),
        (["x", "--upstream", "http://a", "--answers", "0"], "--answers 0 is not"),
        (["x", "--upstream", "http://a", "--keep", "/no/x"], "--keep /no/x is in no"),
        (["x", "--from", __file__], 'Line 1: \'"""`manage.py streams record`'),
    ],
)
def test_the_command_says_what_is_wrong(args, complaint):
    with pytest.raises(CommandError) as error:
        record(*args)
    assert complaint in str(error.value)
    assert not Script.objects.exists()


@pytest.mark.django_db
def test_what_cannot_become_a_script_is_kept_in_a_file(monkeypatch, tmp_path):
    """One answer that breaks off costs nobody the others."""
    broken = Answer("/", [(0.1, CHUNKS[0]), (0.2, CHUNKS[1])])
    whole = Answer("/", [(0.1 * n, chunk) for n, chunk in enumerate(CHUNKS)])
    monkeypatch.setattr(action, "listen", lambda command, options: [broken, whole])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError) as error:
        record("A talk", "--upstream", "http://a", "--answers", "2")
    assert "Line 2: the stream breaks off without its end" in str(error.value)
    assert str(error.value).endswith("What was captured is in a-talk.capture.jsonl.")
    assert Script.objects.get().slug == "a-talk-2"
    record("A talk", "--from", "a-talk.capture.jsonl", "--cut")
    assert "café<!-- stream: truncate -->" in Script.objects.get(slug="a-talk").body


class Upstream(httpx.AsyncByteStream):
    """An answer whose pieces come when a test lets them."""

    def __init__(self, pieces, clock):
        self.pieces, self.clock = pieces, clock
        self.closed = False

    async def __aiter__(self):
        for piece in self.pieces:
            await asyncio.sleep(0)
            self.clock.append(self.clock[-1] + 0.25)
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self):
        self.closed = True


class Asked:
    """One request to a proxy, without a server: what is asked, sent and kept."""

    def __init__(self, pieces=CHUNKS, headers=None, status=200):
        self.clock = [10.0]
        self.stream = Upstream(pieces, self.clock)
        self.requests, self.answers, self.lines, self.sent = [], [], [], []
        self.answer = status, headers or {"content-type": "text/event-stream"}
        self.leave = asyncio.Event()

    async def handle(self, request):
        self.requests.append(request)
        status, headers = self.answer
        return httpx.Response(status, headers=headers, stream=self.stream)

    async def ask(self, path="/v1/chat/completions", query=b"", headers=()):
        scope = {"type": "http", "method": "POST", "path": path, "query_string": query}
        messages = [{"type": "http.request", "body": b'{"stream":true}'}]

        async def receive():
            if messages:
                return messages.pop()
            await self.leave.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            self.sent.append((self.clock[-1], message))

        transport = httpx.MockTransport(self.handle)
        async with new_client(transport=transport) as client:
            proxy = RecordingProxy(
                "https://api.test/base",
                client,
                self.answers.append,
                on_pass=self.lines.append,
                now=lambda: self.clock[-1],
            )
            await proxy({**scope, "headers": list(headers)}, receive, send)
        return self


async def test_pieces_pass_when_they_come_and_are_kept_with_their_times():
    asked = await Asked().ask()
    bodies = [(at, m["body"]) for at, m in asked.sent if m["type"].endswith("body")]
    assert bodies == [
        *((10.25 + 0.25 * n, chunk) for n, chunk in enumerate(CHUNKS)),
        (11.0, b""),
    ]
    [answer] = asked.answers
    assert answer.whole
    assert answer.pieces == [(0.25 + 0.25 * n, chunk) for n, chunk in enumerate(CHUNKS)]
    recording = read_capture(answer.capture())
    # A character that came in two pieces came with the second.
    assert [(d.text, d.at) for d in recording.deltas()] == [("café", 0.5)]
    assert recording.ended == 1.0


async def test_keys_and_cookies_pass_and_are_not_kept():
    secrets = [
        (b"authorization", b"Bearer sk-SECRET"),
        (b"x-api-key", b"sk-SECRET"),
        (b"cookie", b"session=SECRET"),
    ]
    others = [
        (b"host", b"127.0.0.1:1"),
        (b"te", b"gzip"),
        (b"accept-encoding", b"gzip"),
    ]
    headers = {"content-type": "text/event-stream", "set-cookie": "id=SECRET"}
    asked = await Asked(headers=headers).ask(
        query=b"key=SECRET", headers=[*secrets, *others]
    )
    [request] = asked.requests
    assert request.url == "https://api.test/base/v1/chat/completions?key=SECRET"
    assert request.content == b'{"stream":true}'
    assert request.headers["host"] == "api.test"
    assert request.headers["accept-encoding"] == "identity"
    assert "te" not in request.headers
    for name, value in secrets:
        assert request.headers.raw.count((name, value)) == 1
    [answer] = asked.answers
    assert "SECRET" not in repr(answer) + repr(asked.lines) + answer.capture().decode()


async def test_cookies_of_one_answer_are_not_sent_with_the_next():
    async with new_client(
        transport=httpx.MockTransport(
            lambda request: httpx.Response(200, headers={"set-cookie": "a=b"})
        )
    ) as client:
        await client.get("https://api.test/")
        assert not list(client.cookies.jar)


async def test_what_is_no_stream_passes_and_is_not_kept():
    asked = await Asked([b"{}"], {"content-type": "application/json"}, 429).ask()
    assert asked.sent[0][1]["status"] == 429
    assert asked.answers == []
    assert asked.lines == ["POST /v1/chat/completions: 429, no stream"]


async def test_an_upstream_that_breaks_off_breaks_the_clients_connection():
    asked = await Asked([CHUNKS[2], httpx.ReadError("reset")]).ask()
    # No end: the server that runs the proxy closes the connection instead.
    assert asked.sent[-1][1]["more_body"]
    [answer] = asked.answers
    assert not answer.whole
    assert asked.stream.closed


async def test_a_client_that_leaves_ends_the_answer():
    waiting = asyncio.Event()

    class Endless(Upstream):
        async def __aiter__(self):
            yield CHUNKS[0]
            waiting.set()
            await asyncio.Event().wait()

    asked = Asked()
    asked.stream = Endless([], asked.clock)
    asking = asyncio.create_task(asked.ask())
    await waiting.wait()
    asked.leave.set()
    await asking
    assert asked.stream.closed
    assert asked.answers == []
    assert "the client left" in asked.lines[0]


async def test_an_upstream_that_is_not_there_is_an_error():
    asked = Asked()

    async def refuse(request):
        raise httpx.ConnectError("refused")

    asked.handle = refuse
    await asked.ask()
    assert asked.sent[0][1]["status"] == 502
    error = json.loads(asked.sent[1][1]["body"])["error"]["message"]
    assert error == "The recording proxy: api.test gave no answer (ConnectError)."
