import os

import pytest

from tests.processes import Project


def cannot_run(why: str) -> None:
    """Skip a test for want of something, loudly; in CI, fail it."""
    if os.environ.get("CI"):
        pytest.fail(f"could not run: {why}")
    pytest.skip(f"COULD NOT RUN: {why}")


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A database that servers and tests share; see tests/processes.py."""
    project = Project(tmp_path_factory.mktemp("project"))
    yield project
    project.close()


@pytest.fixture
def report(record_property):
    """Print a measured time, for `pytest -s`, and put it into the test report."""

    def report(what, seconds):
        record_property(what, round(seconds, 6))
        print(f"\n    {what}: {seconds * 1000:.1f} ms", end="")

    return report
