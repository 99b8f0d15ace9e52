"""The encoder, read back by independent parsers."""

import httpx_sse
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.sse import ServerSentEvent, comment
from tests.oracles import read_events
from tests.texts import nasty_text

names = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))


@given(nasty_text(), names.filter(bool), names.filter(bool))
def test_what_is_encoded_is_what_a_client_reads(data, name, event_id):
    encoded = ServerSentEvent(data=data, event=name, id=event_id, retry=250).encode()
    [event] = read_events(encoded)
    # The standard carries no CR: each line end arrives as LF (9.2.6).
    expected = data.replace("\r\n", "\n").replace("\r", "\n")
    assert (event.data, event.event, event.id) == (expected, name, event_id)
    assert event.retry == 250


@given(st.lists(nasty_text(), min_size=1))
def test_events_in_a_row_stay_apart(texts):
    encoded = b"".join(ServerSentEvent(data=text, id="1").encode() for text in texts)
    read = [event.data for event in read_events(encoded)]
    assert read == [t.replace("\r\n", "\n").replace("\r", "\n") for t in texts]


@pytest.mark.parametrize(
    ("event", "encoded"),
    [
        (ServerSentEvent(data="a"), b"data: a\n\n"),
        (ServerSentEvent(data=""), b"data: \n\n"),
        (ServerSentEvent(data=" a"), b"data:  a\n\n"),
        (ServerSentEvent(data="a\n"), b"data: a\ndata: \n\n"),
        (ServerSentEvent(data="a\r\nb\rc"), b"data: a\ndata: b\ndata: c\n\n"),
        (
            ServerSentEvent(data="a\u2028b\x85c\x0bd"),
            "data: a\u2028b\x85c\x0bd\n\n".encode(),
        ),
        (ServerSentEvent(data="\ud800"), "data: \ufffd\n\n".encode()),
        (ServerSentEvent(event="x", id="", data="y"), b"event: x\nid: \ndata: y\n\n"),
        (ServerSentEvent(id="7"), b"id: 7\n\n"),
        (ServerSentEvent(retry=0), b"retry: 0\n\n"),
    ],
)
def test_bytes(event, encoded):
    assert event.encode() == encoded


def test_a_comment_is_lines_without_a_blank_one():
    assert comment("a\nb") == b": a\n: b\n"


@pytest.mark.parametrize("field", ["event", "id"])
@pytest.mark.parametrize("value", ["a\nb", "a\rb"])
def test_line_ends_in_names_are_refused(field, value):
    with pytest.raises(ValueError, match="line end"):
        ServerSentEvent(**{field: value})


def test_nul_in_an_id_is_refused():
    """A client ignores the whole field then (9.2.6)."""
    with pytest.raises(ValueError, match="NUL"):
        ServerSentEvent(id="a\0b")


def test_a_negative_retry_is_refused():
    with pytest.raises(ValueError, match="negative"):
        ServerSentEvent(retry=-1)


def test_the_oracle_is_the_library():
    """So that nobody swaps it for a parser of ours."""
    assert read_events.__globals__["httpx_sse"] is httpx_sse
