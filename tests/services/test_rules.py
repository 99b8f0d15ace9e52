"""Rules that count, while a hundred calls come at once to two workers that know nothing
of each other."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.oracles import spoken
from tests.processes import Project, eventually, serve
from tests.services import rules_content as content

CALLS = 100


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def deployed(request, tmp_path_factory):
    """A project with these streams, and the address of its two workers."""
    if request.param == "postgresql":
        project = request.getfixturevalue("postgresql_project")
    else:
        project = Project(tmp_path_factory.mktemp("sqlite"))
        request.addfinalizer(project.close)
    project.call(content.publish)
    with serve("uvicorn", env=project.env, workers=2) as server:
        yield project, server.url
    project.call(content.withdraw)


@pytest.fixture
def call(deployed):
    """Return a function that calls a stream many times at once, on a connection each."""
    _, url = deployed

    def one(path):
        with httpx.Client(
            base_url=url, verify=False, trust_env=False, timeout=60
        ) as http:
            return http.get(path)

    with ThreadPoolExecutor(CALLS) as pool:
        yield lambda path: list(pool.map(one, [path] * CALLS))


def test_fail_twice_then_answer_fails_exactly_twice(deployed, call):
    project, _ = deployed
    answers = call("/streams/flaky/events")
    assert Counter(answer.status_code for answer in answers) == {503: 2, 200: CALLS - 2}
    for answer in answers:
        failed = answer.status_code == 503
        assert answer.headers.get("Retry-After") == ("1" if failed else None)
        assert ("X-Stream-Fault" in answer.headers) == failed
        rule = "Fail twice" if failed else "default"
        assert answer.headers["X-Stream-Rule"] == rule
        assert failed or spoken(answer.content) == "answer"

    def check():
        workers, runs = project.call(content.journaled, "flaky")
        assert runs == {
            ("Fail twice", "refused on purpose"): 2,
            ("default", "completed"): CALLS - 2,
        }
        assert workers == 2

    eventually(check)
    # Each session begins at one.
    again = call("/streams/flaky/events?session=another")
    assert Counter(answer.status_code for answer in again) == {503: 2, 200: CALLS - 2}


def test_scripts_that_take_turns_come_equally_often(call):
    answers = call("/streams/taking-turns/events?session=mine")
    said = Counter(spoken(answer.content) for answer in answers)
    assert said == {"one": 34, "two": 33, "three": 33}
