"""nginx before two workers, and what they play."""

from contextlib import contextmanager
from itertools import count

import pytest

from tests.processes import serve
from tests.proxies.nginx import serve_with_nginx
from tests.servers import content


@contextmanager
def two_workers(project):
    """Two uvicorns that know nothing of each other, as two machines would."""
    env = project.env | {"TESTS_LOG": "1"}
    with serve("uvicorn", env=env) as one, serve("uvicorn", env=env) as other:
        yield one, other


@pytest.fixture(scope="session")
def workers(project):
    """Two workers for all tests that leave them alive."""
    with two_workers(project) as workers:
        yield workers


@pytest.fixture
def mortal_workers(project):
    """Two of a test's own, to kill."""
    with two_workers(project) as workers:
        yield workers


@pytest.fixture(scope="session")
def nginx(workers):
    with serve_with_nginx([worker.url for worker in workers]) as nginx:
        yield nginx


@pytest.fixture(scope="session")
def publish(project):
    """Publish a script; return its stream's slug."""
    numbers = count(1)

    def publish(body, **settings):
        slug = f"proxied-{next(numbers)}"
        project.call(content.publish, slug, body, **settings)
        return slug

    return publish
