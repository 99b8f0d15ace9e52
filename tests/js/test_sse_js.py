"""sse.js in Node: its own tests, and the same events as other readers of any bytes."""

import base64
import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.sse import ServerSentEvent, comment
from tests.conftest import cannot_run
from tests.js.streams import STREAMS, body_of
from tests.oracles import read_events
from tests.texts import nasty_text

FOLDER = Path(__file__).parent


def find_node() -> str:
    """Return a Node that takes a .js file for the module it is; older ones want .mjs."""
    node = shutil.which("node")
    if node is None:
        cannot_run("no Node.js: install version 20.19 or newer")
    ran = subprocess.run([node, "--version"], capture_output=True, text=True)
    version = tuple(int(number) for number in re.findall(r"\d+", ran.stdout)[:2])
    if version < (20, 19) or (21,) <= version < (22, 7):
        cannot_run(f"Node.js {ran.stdout.strip()} is too old: 20.19 or newer is needed")
    return node


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("*.test.mjs")), ids=lambda p: p.name
)
def test_in_node(path):
    ran = subprocess.run(
        [find_node(), "--test", "--test-reporter=tap", path],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr
    assert re.search(r"^# pass [1-9]", ran.stdout, re.MULTILINE)


class Parser:
    """sse.js in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def parse(self, pieces: list[bytes]) -> list[dict]:
        coded = [base64.b64encode(piece).decode() for piece in pieces]
        self._process.stdin.write(json.dumps(coded) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"node ended with {self._process.wait()}"
        items = json.loads(answer)
        for item in items:
            item["raw"] = base64.b64decode(item["raw"])
        return items


@pytest.fixture(scope="module")
def sse_js():
    with subprocess.Popen(
        [find_node(), FOLDER / "parse-lines.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        yield Parser(process)
        process.stdin.close()


def events_of(items: list[dict]) -> list[tuple]:
    """Return (event, data, id, retry) of each item that is an event."""
    names = ("event", "data", "id")
    return [
        (*(item[name] for name in names), item.get("retry"))
        for item in items
        if "event" in item
    ]


def interpret(body: bytes) -> list[tuple]:
    """Read a stream as the HTML standard, 9.2.6, says it, sentence by sentence."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    *lines, _unfinished = re.split("\r\n|\n|\r", text)
    events = []
    data = event = event_id = ""
    retry = None
    for line in lines:
        name, colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if data:
                data = data.removesuffix("\n")
                events.append((event or "message", data, event_id, retry))
            data = event = ""
            retry = None
        elif name == "event":
            event = value
        elif name == "data":
            data += value + "\n"
        elif name == "id" and "\0" not in value:
            event_id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            retry = int(value)
    return events


names = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))
retries = st.integers(0, 2**53)
ours = st.one_of(
    st.builds(
        lambda **fields: ServerSentEvent(**fields).encode(),
        data=st.none() | nasty_text(6),
        event=st.none() | names,
        id=st.none() | names,
        retry=st.none() | retries,
    ),
    nasty_text(3).map(comment),
)
hostile = st.one_of(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"\r\r", b"\n\n", b":", b" ", b"\0", b"\xef\xbb\xbf"]
        + [b"data", b"data: ", b"data:", b"event: ", b"id: ", b"id", b"retry: ", b"+5"]
        + [b"\xff", b"\xe4\xb8", b"\xf0\x9f\x91", b"\xed\xa0\x80", b"\xc0\xaf", b"17"]
        + ["安".encode(), "\u2028".encode(), "\x85".encode(), "٣".encode(), b"DATA: x"]
    ),
    st.binary(max_size=6),
)

bodies = st.lists(ours | hostile | hostile, max_size=25).map(b"".join)


@st.composite
def pieces_of_bodies(draw):
    body = draw(bodies)
    cuts = draw(st.lists(st.integers(0, len(body)), max_size=8))
    bounds = sorted([0, *cuts, len(body)])
    return [body[start:end] for start, end in pairwise(bounds)]


@given(pieces_of_bodies())
def test_any_bytes_in_any_pieces_are_what_the_standard_says(sse_js, pieces):
    body = b"".join(pieces)
    items = sse_js.parse(pieces)
    assert events_of(items) == interpret(body)
    assert b"".join(item["raw"] for item in items) == body


@given(pieces_of_bodies())
def test_httpx_sse_reads_the_same(sse_js, pieces):
    """But for a BOM, `retry`, and blocks without data, which it takes for events."""
    body = b"".join(pieces)
    read = read_events(body.removeprefix(b"\xef\xbb\xbf"))
    expected = [(one.event, one.data, one.id) for one in read if one.data]
    found = [event[:3] for event in events_of(sse_js.parse(pieces)) if event[1]]
    assert found == expected


@given(st.lists(nasty_text(), min_size=1))
def test_what_our_encoder_writes_is_read_back(sse_js, texts):
    pieces = [ServerSentEvent(data=text, id="1").encode() for text in texts]
    expected = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    assert [item["data"] for item in sse_js.parse(pieces)] == expected


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream["name"])
def test_the_table_says_what_the_standard_says(stream):
    found = [list(event[:3]) for event in interpret(body_of(stream))]
    assert found == stream["events"]
