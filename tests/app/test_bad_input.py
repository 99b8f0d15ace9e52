"""Bad input: the right status, a sentence that helps, in the caller's own format."""

import io
import json
from urllib.parse import quote_from_bytes

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.asgi import ASGIRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.exceptions import Problem
from streams.formats import FORMATS, get_format
from streams.serving.requests import read_request
from tests.texts import hostile_file

pytestmark = pytest.mark.django_db(transaction=True)

CASES = [
    ("delay_ms=-1", "`delay_ms=-1` is out of range: give a whole number from 0 to 60000 (milliseconds)."),
    ("delay_ms=soon", "`delay_ms=soon` is not a whole number from 0 to 60000 (milliseconds)."),
    ("delay_ms=1.5", "`delay_ms=1.5` is not a whole number from 0 to 60000 (milliseconds)."),
    ("chunk_size=0", "`chunk_size=0` is out of range: give a whole number from 1 to 10000."),
    ("chunk_size=%E2%91%A0", "`chunk_size=①` is not a whole number from 1 to 10000."),
    ("ttft_ms=600001", "`ttft_ms=600001` is out of range: give a whole number from 0 to 600000 (milliseconds)."),
    ("speed=50", "`speed=50` is above this stream's limit 10."),
    ("speed=0", "`speed=0` is out of range: give a number from 0.1 to 100."),
    ("speed=nan", "`speed=nan` is not a number from 0.1 to 100."),
    ("speed=1e9", "`speed=1e9` is not a number from 0.1 to 100."),
    ("seed=-5", "`seed=-5` is out of range: give a whole number from 0 to 9007199254740991."),
    ("seed=99999999999999999999", "`seed=99999999999999999999` is not a whole number from 0 to 9007199254740991."),
    ("unit=byte", "`unit=byte` is not one of grapheme, word, sentence, line, fixed."),
    ("format=telegram", f"There is no format 'telegram'. Known: {', '.join(FORMATS)}."),
    ("name=%FF", "The query string is not valid UTF-8: byte 0xff at offset 5."),
]  # fmt: skip


@pytest.mark.parametrize(("query", "message"), CASES)
async def test_a_bad_parameter_is_400_and_says_what_would_do(
    make_stream, play, query, message
):
    await sync_to_async(make_stream)()
    played = await play(f"hello/events?{query}")
    assert (played.status, played.problem["detail"]) == (400, message)
    assert played.headers["Content-Type"] == "application/problem+json"
    assert played.headers["Cache-Control"] == "no-store"


async def test_problems_come_in_the_format_asked_for(make_stream, play):
    await sync_to_async(make_stream)()
    plain = await play("hello/events?chunk_size=0")
    assert plain.problem == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "`chunk_size=0` is out of range: give a whole number from 1 to 10000.",
        "code": "parameter_out_of_range",
        "param": "chunk_size",
    }
    envelope = await play("hello/events?chunk_size=0&format=envelope")
    assert envelope.problem == {
        "code": 400,
        "message": plain.problem["detail"],
        "event": None,
    }


async def test_an_unknown_slug_is_404_and_suggests_a_near_one(make_stream, play):
    await sync_to_async(make_stream)(slug="welcome")
    await sync_to_async(make_stream)(slug="welcom-secret", published=False)
    played = await play("welcom/events")
    assert played.status == 404
    assert played.problem["detail"] == "No stream 'welcom'. Did you mean 'welcome'?"
    assert (await play("zzz/events")).problem["detail"] == "No stream 'zzz'."


BODIES = [
    (b"{", "application/json", 400, "The body is not JSON: Expecting property name enclosed in double quotes at line 1, column 2."),
    (b"[1]", "application/json", 400, 'The JSON body must be an object, such as {"prompt": "Hello"}.'),
    (b"[" * 100_000, "application/json", 400, "The JSON body is nested too deeply."),
    (b'{"a": ' + b"1" * 5000 + b"}", "application/json", 400, "The JSON body has too long a number."),
    (b'{"prompt": "\xff"}', "application/json", 400, "The JSON body is not valid UTF-8: byte 0xff at offset 12."),
    (b'{"prompt": ["x"]}', "application/json", 400, "`prompt` must be a string or a number."),
    (b'{"speed": true}', "application/json", 400, "`speed` must be a string or a number."),
    (b'{"messages": [{"role": "user"}]}', "application/json", 400, '`messages` must be a list of objects with `role` and `content`, such as [{"role": "user", "content": "Hello"}].'),
    (b'{"delay_ms": -1}', "application/json", 400, "`delay_ms=-1` is out of range: give a whole number from 0 to 60000 (milliseconds)."),
    (b"prompt=%ff", "application/x-www-form-urlencoded", 400, "The form is not valid UTF-8: byte 0xff at offset 7."),
    (b"hello", "text/plain", 415, "Content-Type 'text/plain' says nothing this site can read: send application/json or a form."),
    (b"hello", "", 415, "No Content-Type says nothing this site can read: send application/json or a form."),
    (b"--x", "multipart/form-data", 400, "The form cannot be read: Invalid boundary in multipart: None."),
]  # fmt: skip


@pytest.mark.parametrize(("body", "media_type", "status", "message"), BODIES)
async def test_a_bad_body_is_named(
    make_stream, play, body, media_type, status, message
):
    await sync_to_async(make_stream)()
    played = await play("hello/events", "post", data=body, content_type=media_type)
    assert (played.status, played.problem["detail"]) == (status, message)


async def test_a_body_of_10_mb_is_413(make_stream, play):
    await sync_to_async(make_stream)()
    big = json.dumps({"prompt": "x" * 10_000_000})
    played = await play(
        "hello/events", "post", data=big, content_type="application/json"
    )
    assert played.status == 413
    assert "DATA_UPLOAD_MAX_MEMORY_SIZE" in played.problem["detail"]


async def test_so_is_a_file_in_a_form(make_stream, play):
    """Django counts the fields of a form, and not its files."""
    await sync_to_async(make_stream)()
    upload = SimpleUploadedFile("f", b"x" * 10_000_000)
    played = await play("hello/events", "post", data={"f": upload})
    assert played.status == 413


async def test_a_slug_that_cannot_be_one_is_404(make_stream, play):
    await sync_to_async(make_stream)()
    for slug in ("a\0b", "x" * 101, "caf\xe9", "a b"):
        played = await play(f"{slug}/events")
        assert played.status == 404
        assert played.problem["detail"] == "No stream has such a name."


async def test_a_stream_slower_than_normal_plays(make_stream, play):
    await sync_to_async(make_stream)(max_speed=0.5)
    assert (await play("hello/events")).text == "Hello"
    refused = await play("hello/events?speed=1")
    assert refused.problem["detail"] == "`speed=1` is above this stream's limit 0.5."


async def test_a_surprise_keeps_the_shape_of_the_format(
    async_client, caplog, monkeypatch
):
    def fail(*args):
        raise RuntimeError("out of ink")

    monkeypatch.setattr("streams.views.find_stream", fail)
    # The client would raise what the signal tells it; so that the signal is sent, too.
    async_client.raise_request_exception = False
    response = await async_client.get("/streams/hello/events?format=envelope")
    assert (response.status_code, response.json()["code"]) == (500, 500)
    assert "It is logged" in response.json()["message"]
    assert "out of ink" not in response.content.decode()
    assert "out of ink" in caplog.text
    assert response.exc_info[0] is RuntimeError


async def test_too_many_parameters_are_400(make_stream, play):
    await sync_to_async(make_stream)()
    played = await play("hello/events?" + "&".join(f"a{i}=1" for i in range(1100)))
    assert played.status == 400
    assert "DATA_UPLOAD_MAX_NUMBER_FIELDS" in played.problem["detail"]


@pytest.mark.parametrize(
    "last_event_id",
    ["7", "x" * 5000, "-1", "zzzz-1", "0123456789abcdef-99999999999", "é…世", "☃-3"],
)
async def test_a_malformed_last_event_id_starts_over_and_says_so(
    make_stream, play, last_event_id
):
    """Never an error status: an EventSource would give up without a word."""
    await sync_to_async(make_stream)("Hello")
    # As browsers send it: the raw bytes of its UTF-8, which Django reads as latin-1.
    header = last_event_id.encode().decode("latin-1")
    played = await play("hello/events", headers={"Last-Event-ID": header})
    assert played.status == 200
    assert played.events[0].event == "reset"
    assert played.text == "Hello"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.binary(max_size=60),
    body=st.binary(max_size=60) | hostile_file().map(lambda t: json.dumps({"prompt": t}).encode()),
    media_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html", ""]),
    header=st.text(st.characters(max_codepoint=255), max_size=20),
)  # fmt: skip
def test_no_request_breaks_the_parsers(query, body, media_type, header):
    """Whatever comes, it is a call or a Problem that every format can tell."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": quote_from_bytes(query, safe="=&%+").encode(),
        "headers": [
            (b"content-type", media_type.encode()),
            (b"last-event-id", header.encode("latin-1")),
            (b"content-length", str(len(body)).encode()),
        ],
    }
    request = ASGIRequest(scope, io.BytesIO(body))
    for wire_format in FORMATS.values():
        try:
            wire_format.parse(read_request(request))
        except Problem as problem:
            kind, answer = wire_format.problem(problem)
            assert json.loads(answer) if "json" in kind else answer
            assert 400 <= problem.status < 500


def test_get_format_names_what_there_is():
    with pytest.raises(Problem, match="Known: plain, envelope"):
        get_format("x")
