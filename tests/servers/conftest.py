"""Servers that the tests in this folder share, and what they publish there."""

from contextlib import ExitStack, contextmanager
from itertools import count

import pytest

from tests.processes import COMMANDS, serve
from tests.servers import content
from tests.servers.clients import new_client

# The servers log the end of each run, and know a format that fails.
ENV = {"TESTS_LOG": "1", "TESTS_FORMATS": "tests.servers.formats.BrokenFormat"}

BURDENS = {
    "TESTS_MIDDLEWARE": "django.middleware.gzip.GZipMiddleware",
    "TESTS_CONN_MAX_AGE": "600",
}


@pytest.fixture(scope="session")
def env(project):
    return project.env | ENV


LANES = ("ordinary", "direct")


@contextmanager
def one_of_each(env):
    with ExitStack() as stack:
        yield {
            (kind, lane): stack.enter_context(
                serve(kind, env=env | {"TESTS_LANE": lane})
            )
            for kind in COMMANDS
            for lane in LANES
        }


@pytest.fixture(scope="session")
def servers(env):
    """One server of each kind, on each lane, for the whole session."""
    with one_of_each(env) as servers:
        yield servers


@pytest.fixture(scope="session")
def burdened_servers(env):
    """The same with GZipMiddleware and connections meant to last."""
    with one_of_each(env | BURDENS) as servers:
        yield servers


@pytest.fixture(params=COMMANDS)
def kind(request):
    return request.param


@pytest.fixture(params=LANES)
def lane(request):
    return request.param


@pytest.fixture
def server(servers, kind, lane):
    return servers[kind, lane]


@pytest.fixture(scope="session")
def any_server(servers, env):
    """Return a function that gives a server of any kind, with the direct lane.

    Those that only a few tests need are started when the first of them asks.
    """
    with ExitStack() as stack:
        started = {}

        def any_server(kind):
            if kind in COMMANDS:
                return servers[kind, "direct"]
            if kind not in started:
                started[kind] = stack.enter_context(serve(kind, env=env))
            return started[kind]

        yield any_server


@pytest.fixture
def burdened_server(burdened_servers, kind, lane):
    return burdened_servers[kind, lane]


@pytest.fixture
async def client():
    async with new_client() as client:
        yield client


@pytest.fixture(scope="session")
def publish(project):
    """Publish a script; return the path of its stream's events."""
    numbers = count(1)

    def publish(body, **settings):
        slug = f"stream-{next(numbers)}"
        project.call(content.publish, slug, body, **settings)
        return f"/streams/{slug}/events"

    return publish
