"""Rules that count, while a hundred calls come at once to two servers that know nothing of
each other: of two workers behind one port, one may take them all."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import httpx
import pytest

from tests.oracles import spoken
from tests.processes import Project, eventually, serve
from tests.services import rules_content as content

CALLS = 100


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def deployed(request, tmp_path_factory):
    """A project with these streams, and the addresses of its two servers."""
    if request.param == "postgresql":
        project = request.getfixturevalue("postgresql_project")
    else:
        project = Project(tmp_path_factory.mktemp("sqlite"))
        request.addfinalizer(project.close)
    project.call(content.publish)
    with (
        serve("uvicorn", env=project.env) as one,
        serve("uvicorn", env=project.env) as other,
    ):
        yield project, [one.url, other.url]
    project.call(content.withdraw)


@pytest.fixture
def call(deployed):
    """Return a function that calls a stream many times at once, on a connection each and
    half of them on each server."""
    _, urls = deployed

    def one(url):
        with httpx.Client(verify=False, trust_env=False, timeout=60) as http:
            return http.get(url)

    with ThreadPoolExecutor(CALLS) as pool:
        yield lambda path: list(
            pool.map(one, (url + path for url in islice(cycle(urls), CALLS)))
        )


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
