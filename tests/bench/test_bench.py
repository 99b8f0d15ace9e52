"""The load generator counts right, whatever a server does; the search finds its way."""

import json
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from itertools import count

import pytest

from bench import report
from bench.build import EPOLL, LOAD, build
from bench.capacity import Search
from bench.catalogue import WIDTH, Model
from bench.generator import asking, playing
from bench.results import Results
from tests.conftest import cannot_run
from tests.processes import ROOT, eventually

QUICK = Model(name="quick", events=30, delay_ms=10)


@pytest.fixture(scope="module", autouse=True)
def programs():
    if not shutil.which("cc"):
        cannot_run("no C compiler")
    build()


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "text"
    path.write_text(Model(name="", events=300, delay_ms=0).text)
    return path


def load(port, text, *args):
    """Run the load generator for a moment; return what it says."""
    ran = subprocess.run(
        [str(LOAD), "--port", str(port), "--text", str(text), "--width", str(WIDTH)]
        + [*args, "--settle", "0.05", "--window", "0.2"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    begin, end, said = ran.stdout.splitlines()
    assert (begin, end) == ("begin", "end")
    return json.loads(said)


@contextmanager
def running(*command):
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(port):
    def check():
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError as error:
            raise AssertionError("nothing listens") from error

    eventually(check)


# ---- Against the servers that are measured ----


@pytest.mark.parametrize("kind", ["epoll", "bare"])
def test_twenty_streams_are_counted_and_are_whole(kind, text):
    port = free_port()
    if kind == "epoll":
        command = [str(EPOLL), str(port), str(text), str(WIDTH), str(QUICK)]
        model = QUICK
    else:
        command = [sys.executable, "-m", "bench.peers.bare", str(port)]
        command += ["--loop", "asyncio"]
        model = Model(name="burst", events=300, delay_ms=0)
    with running(*command):
        wait_for(port)
        if kind == "epoll":
            args = playing(model, 20, ramp=0.3, churn=True)
            said = load(port, text, *args)["playing"]
            assert said["drift"]["count"] == said["streams"]
            assert said["lateness"]["count"] == said["events"]
        else:
            said = load(port, text, *asking(model, at_once=20))["asking"]
    assert said["streams"] > 0
    assert said["events"] >= said["streams"] * model.events / 2
    assert (said["failed"], said["damaged"], said["complaint"]) == (0, 0, "")


def test_another_text_is_damage(text, tmp_path):
    other = tmp_path / "text"
    other.write_text(text.read_text().replace("0007", "0008"))
    port = free_port()
    with running(str(EPOLL), str(port), str(other), str(WIDTH), "quick:30:0"):
        wait_for(port)
        model = Model(name="quick", events=30, delay_ms=0)
        said = load(port, text, *asking(model, at_once=2))["asking"]
    assert said["streams"] == 0
    assert said["damaged"] == said["failed"] > 0


# ---- Against any way to frame a response ----

TEXTS = ["0000.", "0001.", "0002."]
EVENTS = [
    'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n',
    *(f'data: {{"choices":[{{"delta":{{"content": "{t}"}}}}]}}\n\n' for t in TEXTS),
    'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n',
    "data: [DONE]\n\n",
]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def in_chunks(*parts, extension=b"", trailer=b""):
    framed = b"".join(
        b"%X%s\r\n%s\r\n" % (len(part), extension, part)
        for part in (p.encode() for p in parts)
    )
    return CHUNKED + framed + b"0\r\n" + trailer + b"\r\n"


WHOLE = "".join(EVENTS)
RESPONSES = {
    "a chunk for each event": in_chunks(*EVENTS),
    "all in one chunk": in_chunks(WHOLE),
    "a chunk for each byte": in_chunks(*WHOLE),
    "extensions and a trailer": in_chunks(
        *EVENTS, extension=b";a=0", trailer=b"X-Sum: 1\r\n"
    ),
    "CRLF and comments": in_chunks(
        ": ping\r\n\r\n", *(event.replace("\n", "\r\n") for event in EVENTS)
    ),
    "a length": HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(WHOLE), WHOLE.encode()),
    "until it closes": HEAD + b"Connection: close\r\n\r\n" + WHOLE.encode(),
}


@contextmanager
def answering(response, size):
    """Listen, and send `response` in pieces of that size to whoever asks."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        with suppress(OSError):
            while True:
                one, _ = listener.accept()
                with one, suppress(OSError):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    one.recv(4096)
                    for start in range(0, len(response), size):
                        one.sendall(response[start : start + size])

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize("size", [7, 100_000])
@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES)
def test_every_framing_is_read(response, size, text):
    model = Model(name="any", events=len(TEXTS), delay_ms=0)
    with answering(response, size) as port:
        said = load(port, text, *asking(model, at_once=1))["asking"]
    assert said["streams"] > 0
    assert abs(said["events"] - said["streams"] * len(TEXTS)) <= len(TEXTS)
    assert (said["failed"], said["complaint"]) == (0, "")


@pytest.mark.parametrize(
    ("response", "complaint"),
    [
        (RESPONSES["a chunk for each event"][:-5], "cut short (status 200, event 3)"),
        (in_chunks(*EVENTS[:-1]), "another answer (status 200, event 3)"),
        (in_chunks(*EVENTS[:3], EVENTS[-1]), "another answer (status 200, event 2)"),
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "another answer (status 404, event 0)",
        ),
        (b"no HTTP\r\n\r\n", "cut short (status 0, event 0)"),
    ],
)
def test_what_is_not_whole_has_failed(response, complaint, text):
    model = Model(name="any", events=len(TEXTS), delay_ms=0)
    with answering(response, 100_000) as port:
        said = load(port, text, *asking(model, at_once=1))["asking"]
    assert said["streams"] == 0
    assert said["complaint"] == complaint


# ---- The search and the report ----


def machine_that_holds(by_schedule, by_gaps):
    """Return what measures a stack that holds so many streams, and is then late."""

    def probe(streams):
        def late(most):
            return {"p50": 1, "p99": 5 if streams <= most else 50}

        return {
            "window": 1,
            "usage": {"server": min(1, streams / by_gaps)},
            "playing": {
                "size": streams,
                "speaking": streams,
                "events": streams * 33,
                "failed": 0,
                "lateness": late(by_schedule),
                "gaps": late(by_gaps),
                "drift": {"p50": 1 if by_schedule else 250},
            },
        }

    return probe


@pytest.mark.parametrize("guess", [30, 300, 1000, 3000])
@pytest.mark.parametrize("most", [60, 500, 1234])
def test_the_search_comes_close(most, guess):
    search = Search(machine_that_holds(most, most), 1.1, 12)
    assert most / 1.1 <= search.run("schedule", guess) <= most


def test_a_stack_that_drifts_holds_none_by_schedule():
    search = Search(machine_that_holds(0, 600), 1.1, 8)
    assert 600 / 1.1 <= search.run("gaps", 500) <= 600
    tried = len(search.results)
    assert search.run("schedule", 500) == 0
    assert len(search.results) == tried + 1


def test_a_search_is_not_led_astray_by_one_that_was_disturbed():
    """Every third probe fails, whatever the load."""
    machine, disturbed = machine_that_holds(600, 600), machine_that_holds(0, 600)
    probes = count(1)

    def probe(streams):
        return (machine if next(probes) % 3 else disturbed)(streams)

    assert 400 <= Search(probe, 1.1, 5).run("schedule", 500) <= 600


def test_a_load_that_held_once_by_luck_is_not_the_answer():
    lucky, fair = machine_that_holds(800, 800), machine_that_holds(600, 600)
    probes = count(1)

    def probe(streams):
        return (lucky if next(probes) <= 3 else fair)(streams)

    found = Search(probe, 1.1, 5).run("schedule", 700)
    assert 450 <= found <= 600


def test_the_report_needs_no_table(tmp_path):
    results = Results(tmp_path / "run.jsonl")
    machine = {
        **{"cpu": "a processor", "cores": 2, "memory_gib": 4, "virtual": False},
        **{"system": "Linux", "libc": "glibc", "python": "CPython"},
    }
    about = {"machine": machine, "versions": {}, "quick": True, "date": "2026-01-01"}
    results.add({"about": about})
    capacity = {
        **{"table": "capacity", "stack": "direct-uvicorn", "round": 1},
        **{"by_schedule": 1500, "by_gaps": None, "streams": 1500, "probes": []},
    }
    results.add(capacity | {"disturbed": ""})
    results.add(capacity | {"streams": 200, "by_schedule": 200, "disturbed": "much"})
    report.write(results, tmp_path)
    document = (tmp_path / "performance.md").read_text()
    assert "One core holds **1,500 streams**" in document
    assert "Not measured in this run" in document
    assert ">1,500</text>" in (tmp_path / "images" / "performance.svg").read_text()
