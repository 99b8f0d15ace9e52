"""The same on PostgreSQL."""

import asyncio

import httpx
import pytest

from tests.oracles import spoken
from tests.processes import eventually, serve
from tests.servers.clients import new_client
from tests.services import content


@pytest.fixture(scope="module")
def site(postgresql_project):
    """The demo site with two workers."""
    postgresql_project.call(content.prepare)
    env = postgresql_project.env | {
        "DJANGO_SETTINGS_MODULE": "streamsite.settings",
        "SECRET_KEY": "tests",
    }
    app = "streamsite.asgi:application"
    with serve("uvicorn", env=env, app=app, workers=2) as server:
        yield server.url


def test_every_demo_script_arrives_exactly(site, postgresql_project):
    for slug, text in postgresql_project.call(content.bodies).items():
        url = f"{site}/streams/{slug}/events?speed=10&delay_ms=0&ttft_ms=0"
        assert spoken(httpx.get(url, timeout=30).content) == text


def test_an_edit_is_what_both_workers_say_next(site, postgresql_project):
    postgresql_project.call(content.edit, "bursty", "Something new.")
    for _ in range(20):
        body = httpx.get(f"{site}/streams/bursty/events?delay_ms=0").content
        assert spoken(body) == "Something new."


def test_playing_streams_hold_no_connection(site, postgresql_project):
    with httpx.Client() as client:
        opened = []
        for _ in range(20):
            request = client.build_request("GET", f"{site}/streams/long-text/events")
            response = client.send(request, stream=True)
            opened.append((response, response.iter_raw()))
        for _, parts in opened:
            next(parts)

        def check():
            assert postgresql_project.call(content.other_connections) == []

        eventually(check)
        for response, _ in opened:
            response.close()


async def test_50_streams_at_once_play_with_a_pool_of_5_connections(postgresql_project):
    postgresql_project.call(content.prepare)
    env = postgresql_project.env | {"TESTS_POOL": "5"}
    with serve("uvicorn", env=env) as server:
        url = f"{server.url}/streams/markdown-answer/events?delay_ms=10&ttft_ms=0"
        async with new_client() as client:
            answers = await asyncio.gather(*(client.get(url) for _ in range(50)))
    text = postgresql_project.call(content.bodies)["markdown-answer"]
    assert [spoken(answer.content) for answer in answers] == [text] * 50


def test_nothing_a_path_can_hold_is_an_error(site):
    """PostgreSQL refuses NUL, for one."""
    for slug in ("a%00b", "%ff", "caf%C3%A9", "x" * 3000):
        for page in ("events", "plan", ""):
            assert httpx.get(f"{site}/streams/{slug}/{page}").status_code == 404


def test_runs_are_counted_by_day_there_as_elsewhere(postgresql_project):
    counted, expected = postgresql_project.call(content.count_runs_of_days)
    assert counted == expected
    assert len(counted) == 30


def test_ranges_are_kept_by_the_database(postgresql_project):
    postgresql_project.call(content.prepare)
    assert len(postgresql_project.call(content.refused)) == 7


def test_editors_who_save_at_the_same_time_get_a_revision_each(postgresql_project):
    postgresql_project.call(content.prepare)
    revisions = postgresql_project.call(content.save_at_once, "slow-thinker", 8)
    assert [number for number, _ in revisions] == list(range(1, 10))
    assert len({body for _, body in revisions}) == 9
