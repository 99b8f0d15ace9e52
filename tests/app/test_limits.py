"""Limits: how many play at once, how long, how much; and who is told what."""

import gc

import pytest
from asgiref.sync import sync_to_async
from django.test import override_settings

from streams.exceptions import Problem
from streams.playing import admission
from tests.oracles import read_events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_plays():
    gc.collect()
    assert not admission._playing
    yield
    gc.collect()
    assert not admission._playing, "a ticket was not released"


@pytest.fixture
def begin(async_client):
    """Return a function that asks for a stream and leaves it unread."""

    async def begin(path, **headers):
        return await async_client.get(f"/streams/{path}", headers=headers)

    return begin


@pytest.mark.parametrize(
    ("limits", "stream", "sentence"),
    [
        (
            {"MAX_STREAMS": 2},
            {},
            "The limit of this site is 2 at once, and it is reached.",
        ),
        (
            {},
            {"max_concurrent": 2},
            "The limit of stream 'hello' is 2 at once, and it is reached.",
        ),
        (
            {"MAX_STREAMS_PER_CLIENT": 2},
            {},
            "The limit of one client is 2 at once, and it is reached.",
        ),
    ],
)
async def test_one_too_many_is_429_until_one_ends(
    make_stream, begin, play, limits, stream, sentence
):
    await sync_to_async(make_stream)("abc", **stream)
    with override_settings(STREAMS=limits):
        first, second = await begin("hello/events"), await begin("hello/events")
        refused = await play("hello/events")
        assert refused.status == 429
        assert refused.headers["Retry-After"] == "5"
        assert refused.problem["detail"] == f"{sentence} Retry in 5 s."
        # Played to its end, and dropped unplayed: both make room.
        _ = [part async for part in first.streaming_content]
        assert (await play("hello/events")).text == "abc"
        third = await begin("hello/events")
        assert (await play("hello/events")).status == 429
        del second
        gc.collect()
        assert (await play("hello/events")).text == "abc"
        await third._frames.aclose()
        del third, first


async def test_an_event_source_is_asked_to_come_back(make_stream, begin, play):
    """It would give up for good on any status but 200."""
    await sync_to_async(make_stream)("abc")
    with override_settings(STREAMS={"MAX_STREAMS": 1}):
        playing = await begin("hello/events")
        answer = await play("hello/events", headers={"Accept": "text/event-stream"})
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        lines = answer.body.decode().split("\n")
        assert lines[0].startswith(": The limit of this site is 1 at once")
        assert lines[1:] == ["retry: 5000", "", ""]
        assert all(not event.data for event in read_events(answer.body))
        del playing


async def test_a_stream_longer_than_the_site_allows_is_refused(make_stream, play):
    await sync_to_async(make_stream)("x" * 100, delay_ms=1000)
    with override_settings(STREAMS={"MAX_DURATION_S": 60}):
        refused = await play("hello/events")
        assert refused.status == 400
        assert refused.problem["detail"] == (
            "Stream 'hello' would take 99 s; at most 60 s are allowed. Ask for more `speed`."
        )
        assert (await play("hello/events?speed=10", "head")).status == 200


async def test_a_stream_larger_than_the_site_allows_ends_with_an_error(
    make_stream, play
):
    await sync_to_async(make_stream)("x" * 5000)
    with override_settings(STREAMS={"MAX_BYTES": 2000}):
        played = await play("hello/events")
    error = played.events[-1]
    assert error.event == "error"
    assert "Stopped at the limit of 2,000 bytes." in error.data


@pytest.mark.parametrize(("own", "site"), [(60, 3600), (3600, 60), (60, None)])
async def test_the_smaller_of_two_limits_counts(make_stream, play, own, site):
    await sync_to_async(make_stream)("x" * 100, delay_ms=1000, max_duration_s=own)
    with override_settings(STREAMS={"MAX_DURATION_S": site}):
        refused = await play("hello/events")
    assert "at most 60 s are allowed" in refused.problem["detail"]


async def test_a_stream_has_its_own_limit_of_bytes(make_stream, play):
    await sync_to_async(make_stream)("x" * 5000, max_bytes=2000)
    error = (await play("hello/events")).events[-1]
    assert error.event == "error"
    assert "Stopped at the limit of 2,000 bytes." in error.data


def test_a_ticket_is_released_once(make_stream):
    stream = make_stream(max_concurrent=1)
    ticket = admission.admit(stream, "")
    with pytest.raises(Problem):
        admission.admit(stream, "")
    ticket.release()
    ticket.release()
    again = admission.admit(stream, "")
    with pytest.raises(Problem):
        admission.admit(stream, "")
    again.release()
