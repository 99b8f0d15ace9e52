"""The recording proxy, run as people run it, between a client and one of our servers."""

import re
import subprocess
import sys
import time

import httpx

from streams.capture import read_capture
from tests.processes import ROOT
from tests.servers import content

SCRIPT = "One <!-- stream: pause 1s -->two <!-- stream: pause 1s -->three."


def script_of(slug):
    """Called in the project's process."""
    from streams.models import Script, Stream

    assert Stream.objects.get(slug=slug).published
    return Script.objects.get(slug=slug).body


def test_an_answer_is_recorded_while_it_passes(project, env, any_server, tmp_path):
    server = any_server("uvicorn")
    project.call(content.publish, "taped", SCRIPT, unit="word", delay_ms=40)
    kept = tmp_path / "kept.jsonl"
    command = ["manage.py", "streams", "record", "Tape", "--upstream", server.url]
    more = ["--port", "0", "--keep", str(kept), "--publish"]
    with subprocess.Popen(
        [sys.executable, *command, *more],
        cwd=ROOT,
        env=env | {"PATH": "", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as proxy:
        try:
            line = proxy.stderr.readline()
            listening = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert listening, line + proxy.communicate(timeout=20)[1]
            with httpx.Client(
                base_url=listening[0],
                trust_env=False,
                timeout=20,
                headers={"authorization": "Bearer sk-SECRET", "cookie": "a=SECRET"},
            ) as client:
                # What is no stream passes, and is not waited for.
                assert client.get("/v1/models?key=SECRET").status_code == 200
                asked = {
                    "model": "taped",
                    "stream": True,
                    "messages": [{"role": "user", "content": "Hello"}],
                }
                address = "/v1/chat/completions?key=SECRET"
                with client.stream("POST", address, json=asked) as answer:
                    came = [(time.monotonic(), piece) for piece in answer.iter_raw()]
            out, err = proxy.communicate(timeout=20)
        finally:
            proxy.kill()
    assert proxy.returncode == 0, err
    assert out.startswith("Recorded script 'tape': openai-chat, 3 deltas, ")
    sent = read_capture(b"".join(piece for _, piece in came))
    tape = read_capture(kept.read_bytes())
    texts = ["One ", "two ", "three."]
    assert [delta.text for delta in sent.deltas()] == texts
    assert [delta.text for delta in tape.deltas()] == texts
    # What the machine itself delays would be in any recording. But neither the client
    # nor the tape got all at once.
    first, _, last = (delta.at for delta in tape.deltas())
    assert last - first > 1
    assert came[-1][0] - came[0][0] > 1
    script = project.call(script_of, "tape")
    assert re.fullmatch(
        r"<!-- stream: timing 4@[\d.]+ 4@[\d.]+ 6@[\d.]+ -->\nOne two three\."
        r"(<!-- stream: pause [\d.]+ms -->)?",
        script,
    )
    assert "SECRET" not in out + err + kept.read_text() + script
