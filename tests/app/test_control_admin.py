"""A run that plays, as whoever may control runs meets it in the admin."""

import asyncio
from contextlib import asynccontextmanager
from html import unescape

import pytest
from asgiref.sync import sync_to_async as sync
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.core.asgi import get_asgi_application
from django.urls import reverse

from streams import journal
from streams.models import Run
from tests.asgi_client import open_exchange

pytestmark = pytest.mark.django_db(transaction=True)

LISTED = reverse("admin:streams_run_changelist")


@pytest.fixture(autouse=True)
def slow_stream(make_stream, settings):
    settings.STREAMS = settings.STREAMS | {"JOURNAL": True}
    make_stream("abcdef", delay_ms=60_000, ttft_ms=0)


@pytest.fixture
def sign_in(async_client):
    """Return a function that signs in somebody who may view runs, and more."""

    def sign_in(*more):
        user = User.objects.create(username=f"olu-{len(more)}", is_staff=True)
        names = ["view_run", *more]
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        async_client.force_login(user)

    return sync(sign_in)


@asynccontextmanager
async def playing():
    """Play the stream; give its exchange, with the run's row in the journal."""
    path = "/streams/hello/events"
    async with open_exchange(get_asgi_application(), path) as exchange:
        await asyncio.wait_for(exchange.has(lambda body: b"data: a" in body), 10)
        assert await asyncio.to_thread(journal.flush, 5)
        run_id = exchange.headers["x-stream-run"]
        exchange.row = await Run.objects.aget(run_id=run_id)
        yield exchange


def address(name, *args):
    return reverse(f"admin:streams_run_{name}", args=args)


async def read(client, url):
    response = await client.get(url)
    assert response.status_code == 200
    return unescape(response.content.decode())


async def press(client, run, action):
    """Press a button; return what the next page says."""
    answer = await client.post(address("control", run.pk, action))
    assert answer.status_code == 302
    return said(answer)


def said(answer):
    """Return the latest message; a page that is shown would have all."""
    return str([*get_messages(answer.asgi_request)][-1])


async def test_the_page_of_a_run_that_plays_has_buttons(async_client, sign_in):
    await sign_in("control_run")
    async with playing() as exchange:
        run = exchange.row
        page = await read(async_client, address("change", run.pk))
        assert "Plays: 1 of 6 steps are sent." in page
        assert await press(async_client, run, "hold") == "Held after 1 of 6 steps."
        assert await press(async_client, run, "step") == "One step was let through."
        await asyncio.wait_for(exchange.has(lambda body: b"data: b" in body), 10)
        live = (await async_client.get(address("live", run.pk))).json()
        assert live == {"state": "held", "text": "Held after 2 of 6 steps."}
        assert await press(async_client, run, "release") == "Released."

        # What cannot be taken back is asked about first.
        page = await read(async_client, address("control", run.pk, "stop"))
        assert run.run_id in page
        assert "Yes, stop" in page
        assert not exchange.task.done()
        assert await press(async_client, run, "stop") == "Stopped."
        await asyncio.wait_for(exchange.task, 10)

    assert await press(async_client, run, "hold") == "It is over: Stopped."
    assert await asyncio.to_thread(journal.flush, 5)
    page = await read(async_client, address("change", run.pk))
    assert "data-run-control" not in page
    done = [entry.get_change_message() async for entry in LogEntry.objects.all()]
    assert done == [f"Control: {n}" for n in ("stop", "release", "step", "hold")]


async def test_a_page_that_is_open_is_answered_in_json(async_client, sign_in):
    await sign_in("control_run")
    async with playing() as exchange:
        url = address("control", exchange.row.pk, "drop")
        answer = await async_client.post(url, headers={"accept": "application/json"})
        told = answer.json()
        assert (told["state"], told["done"]) == ("ending", True)
        assert told["message"] == "The connection was dropped."
        await asyncio.wait_for(asyncio.wait((exchange.task,)), 10)
        answer = await async_client.post(url, headers={"accept": "application/json"})
        told = answer.json()
        assert (told["state"], told["done"]) == ("over", False)


async def test_whoever_may_only_view_controls_nothing(async_client, sign_in):
    await sign_in()
    async with playing() as exchange:
        run = exchange.row
        page = await read(async_client, address("change", run.pk))
        assert "data-run-control" not in page
        assert "stop_selected" not in await read(async_client, LISTED)
        for action in ("hold", "stop"):
            answer = await async_client.post(address("control", run.pk, action))
            assert answer.status_code == 403
        chosen = {"action": "stop_selected", "_selected_action": run.pk}
        await async_client.post(LISTED, chosen | {"confirmed": "yes"})
        assert not exchange.task.done()
    await sign_in("control_run")
    assert (await async_client.get(address("control", 999, "stop"))).status_code == 404
    url = address("control", run.pk, "pause")
    assert (await async_client.post(url)).status_code == 404


async def test_selected_runs_are_stopped_once_that_is_confirmed(async_client, sign_in):
    await sign_in("control_run")
    async with playing() as first, playing() as second, playing() as kept:
        keys = [first.row.pk, second.row.pk]
        chosen = {"action": "stop_selected", "_selected_action": keys}
        asked = await async_client.post(LISTED, chosen)
        page = asked.content.decode()
        assert "Stop these runs?" in page
        assert first.row.run_id in page
        assert second.row.run_id in page
        assert not first.task.done()

        answer = await async_client.post(LISTED, chosen | {"confirmed": "yes"})
        assert said(answer) == "2 runs were stopped."
        for exchange in (first, second):
            await asyncio.wait_for(exchange.task, 10)
        assert not kept.task.done()
    assert await asyncio.to_thread(journal.flush, 5)
    answer = await async_client.post(LISTED, chosen)
    assert said(answer) == "None of the selected runs plays now."
