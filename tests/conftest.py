import pytest

from tests.processes import Project


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A database that servers and tests share; see tests/processes.py."""
    project = Project(tmp_path_factory.mktemp("project"))
    yield project
    project.close()
