"""A server with streams for the vendors' SDKs to talk to."""

from contextlib import closing

import pytest

from tests.clients import assistants_content, content, kept_content
from tests.clients.assistants import connect
from tests.processes import COMMANDS, Project, serve


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A database of its own: clients are told which streams there are."""
    with closing(Project(tmp_path_factory.mktemp("clients"))) as project:
        yield project


@pytest.fixture(scope="session")
def api(project):
    """Return the URL of a server with the streams of scripts.py, without a slash."""
    project.call(content.publish_all)
    with serve("uvicorn", env=project.env) as server:
        yield server.url


@pytest.fixture(scope="session")
def daphne(project, api):
    """Return the URL of Daphne beside it, for what servers may do differently."""
    assert "daphne" in COMMANDS
    with serve("daphne", env=project.env) as server:
        yield server.url


@pytest.fixture
def issue_key(project, api):
    """Return a function that makes an API key."""

    def issue(*slugs):
        return project.call(content.issue_key, *slugs)

    yield issue
    project.call(content.revoke_keys)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """SDKs obey the environment's proxies, even for this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def beta(api):
    with connect(api) as beta:
        yield beta


@pytest.fixture
def publish(project):
    """Return a function that publishes a script, or another state of it, for a test."""
    slugs = set()

    def publish(slug, body, **settings):
        slugs.add(slug)
        project.call(kept_content.republish, slug, body, **settings)

    yield publish
    # Others count what is there.
    project.call(assistants_content.withdraw, list(slugs))
