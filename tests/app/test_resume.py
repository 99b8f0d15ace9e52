"""Going on where a stream was cut, without any state on the server."""

import pytest
from asgiref.sync import sync_to_async

from streams.models import Script

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "Zwei 👩‍👩‍👧‍👦 und 今天天气，\n\nok é!"


@pytest.mark.parametrize("wire_format", ["plain", "envelope"])
async def test_a_stream_cut_after_any_event_is_complete_after_resuming(
    make_stream, play, wire_format
):
    await sync_to_async(make_stream)(TEXT)
    whole = (await play(f"hello/events?format={wire_format}")).events
    for sent in range(1, len(whole)):
        headers = {"Last-Event-ID": whole[sent - 1].id}
        rest = await play(f"hello/events?format={wire_format}", headers=headers)
        seen = whole[:sent] + rest.events
        assert [(e.id, e.event, e.data) for e in seen] == [
            (e.id, e.event, e.data) for e in whole
        ]


async def test_after_done_the_answer_is_204(make_stream, play):
    await sync_to_async(make_stream)("ab")
    done = (await play("hello/events")).events[-1]
    played = await play("hello/events", headers={"Last-Event-ID": done.id})
    assert (played.status, played.body) == (204, b"")


async def test_done_itself_is_sent_again_if_it_was_lost(make_stream, play):
    await sync_to_async(make_stream)("ab")
    last_text = (await play("hello/events")).events[-2]
    played = await play("hello/events", headers={"Last-Event-ID": last_text.id})
    assert [e.event for e in played.events] == ["done"]


async def test_a_first_connection_may_resume_by_query_and_the_header_wins(
    make_stream, play
):
    await sync_to_async(make_stream)("abcd")
    ids = [e.id for e in (await play("hello/events")).events]
    path = f"hello/events?last_event_id={ids[0]}"
    assert (await play(path)).text == "bcd"
    assert (await play(path, headers={"Last-Event-ID": ids[2]})).text == "d"


async def test_an_edit_in_between_does_not_change_what_is_resumed(make_stream, play):
    stream = await sync_to_async(make_stream)("abcdef")
    ids = [e.id for e in (await play("hello/events")).events]
    stream.script.body = "something else"
    await sync_to_async(stream.script.save)()
    stream.unit, stream.chunk_size = "word", 3
    await stream.asave()
    rest = await play("hello/events", headers={"Last-Event-ID": ids[2]})
    assert rest.text == "def"
    assert (await play("hello/events")).text == "something else"


async def test_so_it_is_when_the_edit_went_past_save(make_stream, play):
    """A bulk update records no revision; playing one does."""
    await sync_to_async(make_stream)("first")
    await Script.objects.aupdate(body="abcdef")
    ids = [e.id for e in (await play("hello/events")).events]
    await Script.objects.aupdate(body="third")
    rest = await play("hello/events", headers={"Last-Event-ID": ids[2]})
    assert rest.text == "def"


@pytest.mark.parametrize("path", ["events", "plan"])
async def test_an_id_opens_nothing_that_its_stream_does_not(make_stream, play, path):
    """Neither drafts nor other scripts, whoever saw their ids."""
    draft = await sync_to_async(make_stream)("Secret", "draft", published=False)
    await sync_to_async(make_stream)("Hello")
    revision = await draft.script.revisions.aget()
    played = await play(f"hello/{path}?last_event_id={revision.digest[:16]}-0")
    assert played.status == 200
    assert b"Secret" not in played.body
    assert b"H" in played.body


async def test_a_stream_given_another_script_resets(make_stream, play):
    stream = await sync_to_async(make_stream)("abcdef")
    ids = [e.id for e in (await play("hello/events")).events]
    stream.script = await Script.objects.acreate(slug="other", title="o", body="other")
    await stream.asave()
    rest = await play("hello/events", headers={"Last-Event-ID": ids[2]})
    assert rest.events[0].event == "reset"
    assert rest.text == "other"


async def test_a_template_resumes_with_the_same_words(make_stream, play):
    await sync_to_async(make_stream)("Hi {{ params.name }}!", rendering="template")
    ids = [e.id for e in (await play("hello/events?name=Bo")).events]
    rest = await play("hello/events?name=Bo", headers={"Last-Event-ID": ids[2]})
    assert rest.text == "Bo!"


async def test_a_revision_that_is_gone_resets(make_stream, play):
    stream = await sync_to_async(make_stream)("abcdef")
    ids = [e.id for e in (await play("hello/events")).events]
    stream.script.body = "new"
    await sync_to_async(stream.script.save)()
    await stream.script.revisions.filter(number=1).adelete()
    played = await play("hello/events", headers={"Last-Event-ID": ids[2]})
    reset = played.events[0]
    assert (reset.event, reset.data) == (
        "reset",
        "the text this stream began with is gone",
    )
    assert played.text == "new"
