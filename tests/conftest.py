import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.processes import Project

# Those that mostly wait, and those whose files take long; what is left fills the gaps.
FIRST = ("browser", "proxies", "services", "test_install.py", "demo", "clients")

# How long an example takes says how busy the machine is.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Put files that take long first, so that `--numprocesses` ends with short ones."""
    here = Path(__file__).parent
    rank = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda i: rank.get(i.path.relative_to(here).parts[0], len(rank)))


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
