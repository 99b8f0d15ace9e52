"""`manage.py streams snippet`: every program that it prints is run as it is."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from streams.snippets import names
from tests.browser.conftest import FLAGS, find_chromium
from tests.clients.node import FOLDER
from tests.clients.scripts import HOSTILE, text_of
from tests.conftest import cannot_run
from tests.oracles import read_events, spoken
from tests.processes import ROOT, eventually
from tests.servers import journal_rows

NAMES = names()
PROGRAMS = [name for name in NAMES if name != "eventsource"]
# A test has a server of its own.
PLAYED_HERE = [name for name in PROGRAMS if name != "pytest"]

# What shells, Python, JavaScript, HTML and templates would make something else of.
PROMPT = (
    'It\'s "quoted" \\ `id` $(id) $HOME ${HOME} %s {{ prompt }}\t</script><!-- stream: drop -->'
    "\n今天 👩‍👩‍👧\u2028\u202e\x7f!"
)
SETTINGS = {"speed": "2.5", "seed": "7", "unit": "word", "chunk_size": "3"}
SAID = f"{HOSTILE}\n{PROMPT}"
NODE = FOLDER / "node_modules" / ".bin" / "node"


# Those of a site that includes nothing of the app's.
urlpatterns = []


def printed(*args):
    """Return what the command prints, and what it says beside that."""
    out, err = StringIO(), StringIO()
    try:
        call_command("streams", "snippet", *args, stdout=out, stderr=err)
    except CommandError as error:
        return "", str(error)
    return out.getvalue(), err.getvalue()


def printed_elsewhere(*args):
    """The same at a site that has installed the app, and no more."""
    with override_settings(ROOT_URLCONF=__name__):
        return printed(*args)


def command(name):
    """Return the end of a file's name, and what runs it."""
    if name.startswith("curl"):
        return ".sh", ["sh"]
    if name == "python" or name.endswith("-python"):
        return ".py", [sys.executable]
    if name == "pytest":
        options = ["-q", "-s", "-p", "no:django", "-p", "no:cacheprovider"]
        return ".py", [sys.executable, "-m", "pytest", *options]
    return ".mjs", [NODE]


def text_in(name, output):
    """Return what a program's output says: curl shows what is on the wire."""
    if name == "curl":
        return spoken(output)
    if name == "curl-openai":
        *events, done = read_events(output)
        deltas = [json.loads(event.data)["choices"][0]["delta"] for event in events]
        return "".join(delta.get("content") or "" for delta in deltas)
    if name == "pytest":
        # Before the dot of the test that passed.
        return output.decode().rpartition("\n.")[0]
    return output.decode().removesuffix(os.linesep)


@pytest.fixture(scope="module")
def run(api, project, tmp_path_factory):
    """Return a function that runs a stream's snippets, and returns what they said."""
    folder = tmp_path_factory.mktemp("snippets")
    if not NODE.exists():
        cannot_run("no npm packages: sh tests/clients/js/install.sh")
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    env = {**os.environ, "PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1"}
    env.pop("STREAMS_API_KEY", None)

    def run_one(name, slug, secret, asked):
        settings = {**asked, "session": name} if asked else {}
        pairs = [f"--set={key}={value}" for key, value in settings.items()]
        source, trouble = project.call(
            printed, slug, "--for", name, "--base-url", f"{api}/", *pairs
        )
        assert not trouble
        assert ("STREAMS_API_KEY" in source) == bool(secret)
        suffix, runner = command(name)
        program = folder / f"{slug}-{name}{suffix}"
        program.write_text(source, "utf-8")
        ran = subprocess.run(
            [*runner, program],
            cwd=folder,
            env=env | ({"STREAMS_API_KEY": secret} if secret else {}),
            capture_output=True,
            timeout=60,
        )
        return ran.returncode, ran.stdout, ran.stderr.decode()

    def run(programs, slug, secret="", asked=None):
        with ThreadPoolExecutor(4) as pool:
            ran = pool.map(lambda name: run_one(name, slug, secret, asked), programs)
            return dict(zip(programs, ran, strict=True))

    return run


@pytest.fixture(scope="module")
def prompted(run):
    return run(PROGRAMS, "prompted", asked={"prompt": PROMPT, **SETTINGS})


@pytest.fixture(scope="module")
def keyed(run, project):
    from tests.clients import content

    return run(PLAYED_HERE, "keyed", secret=project.call(content.issue_key))


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_program_asks_what_is_to_be_asked_and_says_all_of_the_answer(
    prompted, name
):
    code, output, errors = prompted[name]
    assert code == 0, errors
    assert text_in(name, output) == SAID


def test_each_program_asks_for_the_settings(prompted, project, api):
    plan = httpx.get(
        f"{api}/streams/prompted/plan",
        params={"prompt": PROMPT, **SETTINGS},
        trust_env=False,
    ).json()
    expected = {name: {(7, len(plan["steps"]))} for name in PLAYED_HERE}

    def check():
        found = {}
        for row in project.call(journal_rows.rows_of, "prompted"):
            if not row["session"]:
                continue
            played = (row["seed"], row["steps"])
            found.setdefault(row["session"], set()).add(played)
        assert found == expected

    # The journal is written beside the streams.
    eventually(check, timeout=20)


@pytest.mark.parametrize("name", PLAYED_HERE)
def test_each_program_takes_a_key_from_the_environment(keyed, name):
    code, output, errors = keyed[name]
    assert code == 0, errors
    assert text_in(name, output) == text_of("keyed")


def test_the_page_shows_exactly_the_script(api, project):
    from playwright.sync_api import sync_playwright

    executable = find_chromium()
    if executable is None:
        cannot_run("no Chromium: install the system's package, or set CHROMIUM")
    pairs = [f"--set={key}={value}" for key, value in SETTINGS.items()]
    html, _ = project.call(
        printed,
        *("prompted", "--for", "eventsource", "--base-url", api),
        *(f"--set=prompt={PROMPT}", *pairs),
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        page = browser.new_page()
        page.route(
            f"{api}/page",
            lambda route: route.fulfill(body=html, content_type="text/html"),
        )
        page.goto(f"{api}/page")
        page.wait_for_function("source.readyState === EventSource.CLOSED")
        shown = page.evaluate("document.querySelector('pre').textContent")
        browser.close()
    assert shown == SAID


def test_the_names_are_listed(project):
    ran = subprocess.run(
        [sys.executable, "manage.py", "streams", "snippet"],
        cwd=ROOT,
        env={**os.environ, **project.env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == NAMES
    assert {"openai-python", "ai-sdk", "curl", "eventsource"} <= set(NAMES)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ["hostil", "--for", "curl"],
            "There is no stream 'hostil'. Did you mean hostile",
        ),
        (["zzz", "--for", "curl"], "There is no stream 'zzz'. Known: busy, "),
        (
            ["hostile", "--for", "opnai-python"],
            "no snippet for 'opnai-python'. Did you mean openai-python",
        ),
        (["hostile", "--for", "zzz"], "Known: ai-sdk, "),
        (["--for", "curl"], "Name a stream: manage.py streams snippet SLUG"),
        (
            ["keyed", "--for", "eventsource"],
            "which an EventSource cannot send: take the program for fetch.",
        ),
        (
            ["hostile", "--for", "curl", "--base-url", "example.org"],
            "'example.org' is no address of a site",
        ),
        (
            ["hostile", "--for", "curl", "--base-url", "http://x';rm"],
            "is no address of a site",
        ),
        (
            ["hostile", "--for", "curl", "--set", "speed=50"],
            "`speed=50` is above this stream's limit 10.",
        ),
        (
            ["hostile", "--for", "pytest", "--set", "fault=drop:1"],
            "takes no `fault` from callers",
        ),
        (
            ["hostile", "--for", "curl", "--set", "sped=2"],
            "--set knows no 'sped'. Did you mean speed",
        ),
        (
            ["hostile", "--for", "curl", "--set", "speed"],
            "--set speed has no value",
        ),
        (
            ["hostile", "--for", "openai-node", "--set", "session=今天"],
            "`session=今天` would be a header here, and headers are ASCII",
        ),
    ],
)
def test_errors_say_what_to_do(api, project, args, words):
    output, error = project.call(printed, *args)
    assert output == ""
    assert words in error


def test_a_draft_is_printed_with_a_warning(api, project):
    output, warning = project.call(printed, "draft", "--for", "curl")
    assert "/streams/draft/events" in output
    assert warning == "Stream 'draft' is a draft: publish it before you run this.\n"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("curl", 'add path("streams/", include("streams.urls"))'),
        ("openai-node", 'add path("", include("streams.api_urls"))'),
    ],
)
def test_a_site_without_the_addresses_is_told_which_to_add(api, project, name, line):
    output, error = project.call(printed_elsewhere, "hostile", "--for", name)
    assert output == ""
    assert line in error
