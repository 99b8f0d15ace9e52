"""What a run does on purpose: breaks, falls silent, stands still, goes on."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.acts import ERROR_KINDS, Act, Acting
from streams.core.chunks import Unit
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import compile_script
from streams.core.steps import lay_out
from streams.formats import get_format
from streams.formats.call import Call
from streams.formats.failures import FAILURES
from streams.formats.socket import SocketFormat
from streams.playing.run import SPLIT_S, Run
from tests.clocks import FakeClock
from tests.formats.runs import make_context
from tests.oracles import read_events, spoken

FORMATS = (
    *("plain", "envelope", "ai-sdk", "anthropic", "gemini", "gemini-array"),
    *("ollama-chat", "ollama-generate", "openai-chat", "openai-completions"),
    *("openai-responses", "openai-assistants"),
)


def make(
    body, name="plain", *, heartbeat=None, max_bytes=None, act=None, after=0, **pacing
):
    """Return a run of a script; `act` is what it does after so many chunks."""
    planned = plan(lay_out(compile_script(body), Unit.GRAPHEME, 1), Pacing(**pacing))
    planned = planned.after(after)
    if act is not None:
        planned = planned.acting(act[0], event=act[1])
    return Run(
        planned,
        SocketFormat() if name == "socket" else get_format(name),
        make_context(call=Call(model="s"), end=planned.steps.end),
        clock=FakeClock(),
        heartbeat=heartbeat,
        max_bytes=max_bytes,
    )


def direction(words):
    return f"<!-- stream: {words} -->"


class Listener:
    """Plays a run by hand, and notes when each write comes."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.writes: list[tuple[float, bytes]] = []
        self._note(run.begin())

    def listen(self, until: float = 1e9) -> "Listener":
        """Let time pass, to the end of the run at most."""
        run, clock = self.run, self.run.clock
        turns = 0
        while not run.ended and clock.now() + run.wait() <= until:
            turns += 1
            assert turns < 10_000, "it plays and plays"
            clock.advance(run.wait())
            self._note(run.advance())
        if not run.ended:
            clock.advance(until - clock.now())
        return self

    def _note(self, frame: bytes) -> None:
        if frame:
            self.writes.append((round(self.run.clock.now(), 6), frame))

    @property
    def body(self) -> bytes:
        return b"".join(frame for _, frame in self.writes)

    @property
    def text(self) -> str:
        return spoken(self.body)

    @property
    def said(self) -> list[tuple[float, str]]:
        """What of a `plain` stream came when."""
        return [(at, spoken(frame)) for at, frame in self.writes if spoken(frame)]


def listen(*args, **kwargs) -> Listener:
    return Listener(make(*args, **kwargs)).listen()


@pytest.mark.parametrize("delay", [0, 0.1])
def test_a_dropped_stream_has_no_end(delay):
    heard = listen(f"abc{direction('drop')}def", delay=delay)
    assert heard.text == "abc"
    assert [e.event for e in read_events(heard.body)] == ["message"] * 3
    run = heard.run
    assert run.ended
    assert run.dropped
    assert run.tally.outcome == "dropped on purpose"
    assert run.tally.faults == ["drop after event 3 (script)"]


def test_a_truncated_stream_ends_without_its_closing():
    heard = listen(f"abc{direction('truncate')}def", "openai-chat", delay=0.1)
    whole = listen("abc", "openai-chat", delay=0.1)
    assert b"[DONE]" in whole.body
    assert heard.body == b"".join(frame for _, frame in whole.writes[:-1]) + (
        whole.writes[-1][1].split(b"\n\n")[0] + b"\n\n"
    )
    assert heard.run.ended
    assert not heard.run.dropped
    assert heard.run.tally.outcome == "truncated on purpose"


def errors(body: bytes, name: str) -> list[dict]:
    """Return the objects in which a format's clients find an error."""
    if name.startswith("ollama"):
        found = [json.loads(line) for line in body.splitlines()]
    elif name == "gemini-array":
        found = json.loads(body)
    else:
        data = [e.data for e in read_events(body) if e.data != "[DONE]"]
        found = [json.loads(one) for one in data if one.startswith("{")]
    return [one for one in found if "error" in one]


# What the vendors' documents and SDKs have for these, and what clients look at.
SHAPES = [
    ("openai-chat", "overloaded", {"type": "server_error", "code": "overloaded"}),
    ("openai-chat", "rate_limit", {"code": "rate_limit_exceeded"}),
    ("openai-completions", "invalid_request", {"type": "invalid_request_error"}),
    ("openai-assistants", "rate_limit", {"code": "rate_limit_exceeded"}),
    ("openai-responses", "rate_limit", {"code": "rate_limit_exceeded"}),
    ("anthropic", "overloaded", {"type": "overloaded_error"}),
    ("anthropic", "rate_limit", {"type": "rate_limit_error"}),
    ("anthropic", "timeout", {"type": "timeout_error"}),
    ("anthropic", "server", {"type": "api_error"}),
    ("anthropic", "", {"type": "api_error"}),
    ("gemini", "overloaded", {"code": 503, "status": "UNAVAILABLE"}),
    ("gemini", "rate_limit", {"code": 429, "status": "RESOURCE_EXHAUSTED"}),
    ("gemini-array", "timeout", {"code": 504, "status": "DEADLINE_EXCEEDED"}),
    ("gemini", "invalid_request", {"code": 400, "status": "INVALID_ARGUMENT"}),
]


@pytest.mark.parametrize(("name", "kind", "fields"), SHAPES)
def test_an_error_has_the_vendors_own_shape(name, kind, fields):
    heard = listen(f"abc{direction(f'error {kind}'.strip())}def", name, delay=0.1)
    error = errors(heard.body, name)[0]["error"]
    assert error.items() >= fields.items()
    assert heard.run.tally.outcome == "failed on purpose"
    assert heard.run.tally.faults == ["error after event 3 (script)"]


def test_a_failed_response_says_why():
    heard = listen(f"a{direction('error rate_limit')}", "openai-responses")
    failed = json.loads(read_events(heard.body)[-1].data)
    assert failed["type"] == "response.failed"
    assert failed["response"]["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize("name", ["plain", "envelope", "ollama-chat", "ai-sdk"])
def test_an_error_ends_the_stream_of_any_format(name):
    heard = listen(f"abc{direction('error overloaded')}def", name, delay=0)
    assert b"overloaded" in heard.body
    assert b'"done":true' not in heard.body
    assert b"event: done" not in heard.body


def test_every_kind_of_error_is_known():
    assert set(FAILURES) == set(ERROR_KINDS)


def events_of(body: bytes, name: str) -> list[str]:
    """Return what clients parse, event by event."""
    if name.startswith("ollama") or name == "socket":
        return body.decode().removesuffix("\n").split("\n")
    return [e.data for e in read_events(body)]


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "name", [*(n for n in FORMATS if n not in ("plain", "gemini-array")), "socket"]
)
def test_one_event_is_malformed_and_the_others_are_not(name):
    act = (Acting(act=Act.MALFORMED), 3)
    good = events_of(listen('a}b"}"cd', name).body, name)
    heard = listen('a}b"}"cd', name, act=act)
    bad = events_of(heard.body, name)
    assert len(good) == len(bad)
    [changed] = [new for old, new in zip(good, bad, strict=True) if old != new]
    assert not is_json(changed)
    assert heard.run.tally.faults == ["malformed after event 3 (script)"]
    assert heard.run.tally.outcome == "completed"


def test_a_malformed_element_breaks_the_whole_array():
    assert is_json(listen("abc", "gemini-array").body.decode())
    assert not is_json(
        listen(f"a{direction('malformed')}bc", "gemini-array").body.decode()
    )


def test_plain_text_is_malformed_by_its_fields():
    """Any text would be good data: the event has none, and clients do not see it."""
    heard = listen(f"ab{direction('malformed')}{{}}cd")
    assert heard.text == "ab}cd"
    assert b"\ndata {\n" in heard.body


@pytest.mark.parametrize(
    ("name", "text", "ending"),
    [
        ("plain", "é", b"data: \xc3"),
        ("plain", "🙂", b"data: \xf0"),
        ("plain", "x", b"data: "),
        ("openai-chat", "世", b'"content":"\xe4'),
        ("openai-chat", "\n", b'"content":"\\'),
        ("anthropic", '"', b'"text":"\\'),
        ("ollama-chat", "é", b'"content":"\xc3'),
    ],
)
def test_a_divided_event_leaves_in_two_writes(name, text, ending):
    split = (Acting(act=Act.SPLIT, fault="override"), 1)
    heard = listen(f"a{text}b", name, act=split, delay=1)
    whole = listen(f"a{text}b", name, delay=1)
    assert heard.body == whole.body
    times = [at for at, frame in heard.writes]
    second = next(i for i, (_, f) in enumerate(heard.writes) if f.endswith(ending))
    assert times[second : second + 2] == [1, 1 + SPLIT_S]
    assert heard.run.tally.faults == ["split after event 1 (override)"]
    assert len(heard.writes) == len(whole.writes) + 1


def test_a_divided_event_keeps_to_itself_though_all_is_due():
    heard = listen(f"a{direction('split')}ébcd", delay=0)
    [*_, first, second, rest] = [frame for _, frame in heard.writes]
    assert (first[-1:], second) == (b"\xc3", b"\xa9\n\n")
    assert spoken(rest) == "bcd"


def test_messages_of_a_socket_are_not_divided():
    heard = listen("aéb", "socket", act=(Acting(act=Act.SPLIT), 1))
    assert heard.body == listen("aéb", "socket").body
    assert heard.run.tally.faults == []
    assert heard.run.tally.outcome == "completed"


@pytest.mark.parametrize("delay", [0, 0.1])
def test_an_event_comes_twice(delay):
    heard = listen(f"ab{direction('duplicate')}cd", delay=delay)
    assert heard.text == "abccd"
    ids = [e.id for e in read_events(heard.body)]
    assert ids[2] == ids[3]


@pytest.mark.parametrize("delay", [0, 0.1])
def test_two_events_change_places(delay):
    heard = listen(f"ab{direction('reorder')}cde", delay=delay)
    assert heard.text == "abdce"
    assert heard.run.tally.faults == ["reorder after event 2 (script)"]


@pytest.mark.parametrize("then", ["", direction("pause 1s"), direction("truncate")])
def test_the_last_event_changes_places_with_nothing(then):
    heard = listen(f"ab{direction('reorder')}c{then}", delay=0.1)
    assert heard.text == "abc"
    assert "reorder" not in "".join(heard.run.tally.faults)


def test_several_things_happen_to_one_event():
    acts = direction("duplicate") + direction("malformed") + direction("split")
    heard = listen(f"a{acts}bc", "openai-chat", delay=0)
    good = [is_json(one) for one in events_of(heard.body, "openai-chat")]
    # The role, a, b twice, c, the reason to finish, and what is no JSON anyway.
    assert good == [True, True, False, False, True, True, False]
    assert len(heard.run.tally.faults) == 3


def test_a_stall_is_silent_and_a_pause_is_not():
    paused = listen(f"a{direction('pause 7s')}b", heartbeat=2, delay=0)
    beats = [at for at, frame in paused.writes if frame == b": heartbeat\n"]
    assert beats == [2, 4, 6]
    stalled = listen(f"a{direction('stall 7s')}b", heartbeat=2, delay=0)
    assert stalled.said == [(0, "a"), (7, "b")]
    assert b"heartbeat" not in stalled.body
    assert stalled.run.tally.faults == ["stall after event 1 (script)"]


def test_a_stream_may_stall_before_it_ends():
    heard = listen(f"a{direction('stall 7s')}", heartbeat=2, delay=0)
    assert [at for at, _ in heard.writes] == [0, 0, 7]
    assert b"heartbeat" not in heard.body


def test_any_bytes_are_sent():
    heard = listen(f"a{direction('emit ' + chr(92) + 'xff' + chr(92) + 'n')}b", delay=0)
    assert b"\xff\n" in heard.body
    assert heard.run.tally.bytes == len(heard.body)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("act", Act)
def test_every_act_of_every_format_ends_and_is_noted_with_its_fault(name, act):
    acting = Acting(act=act, fault="flaky", seconds=1, data=b"x")
    run = make("abcdef", name, act=(acting, 3), delay=0.1)
    heard = Listener(run)
    heard.listen(until=50)
    run.release()
    heard.listen()
    assert run.tally.bytes == len(heard.body)
    noted = [] if act is Act.HOLD else [f"{act} after event 3 (fault: flaky)"]
    assert run.tally.faults == noted


@pytest.mark.parametrize("act", ["duplicate", "emit xxxxxx", "split", "reorder"])
def test_the_limit_of_bytes_holds_for_what_is_done_on_purpose(act):
    body = f"ab{direction(act)}cdef"
    length = len(listen(f"ab{direction(act)}c", delay=0).body)
    heard = listen(body, max_bytes=length - 20, delay=0.1)
    assert heard.run.tally.outcome == "ended at the limit"
    assert read_events(heard.body)[-1].event == "error"


def test_the_limit_ends_a_stream_at_once():
    body = f"ab{direction('emit xxxxxx')}{direction('pause 9s')}cdef"
    length = sum(len(frame) for at, frame in listen(body, delay=0).writes if not at)
    heard = listen(body, max_bytes=length - 3, delay=0)
    assert heard.run.tally.outcome == "ended at the limit"
    assert heard.writes[-1][0] == 0


def test_a_late_act_is_late():
    run = make(f"{direction('hold')}ab", delay=0)
    run.begin()
    run.clock.advance(5)
    run.advance()
    run.close()
    assert run.tally.lateness == 5


def test_a_hold_in_the_script_waits_for_its_release():
    run = make(f"ab{direction('hold here')}cd", heartbeat=15, delay=1)
    heard = Listener(run).listen(until=40)
    assert (run.held, run.held_at) == (True, "here")
    assert heard.said == [(0, "a"), (1, "b")]
    beats = [at for at, frame in heard.writes if frame == b": heartbeat\n"]
    assert beats == [16, 31]
    run.release()
    assert (run.held, run.held_at) == (False, "")
    heard.listen()
    # It was held when `b` had been said: `c` comes one delay after the release.
    assert heard.said[2:] == [(41, "c"), (42, "d")]
    assert run.tally.outcome == "completed"
    assert run.tally.faults == []


def test_a_hold_in_the_middle_of_a_silence_does_not_make_it_longer():
    run = make(f"a{direction('pause 60s')}b", heartbeat=15, delay=0)
    heard = Listener(run).listen(until=14)
    run.hold()
    heard.listen(until=31)
    assert [at for at, frame in heard.writes[-2:]] == [15, 30]


@pytest.mark.parametrize("speed", [0.5, 4])
def test_heartbeats_come_in_real_time_at_any_speed(speed):
    run = make(f"a{direction('pause 200s')}b", heartbeat=15, delay=0)
    run.set_speed(speed)
    heard = Listener(run).listen(until=50)
    beats = [at for at, frame in heard.writes if frame == b": heartbeat\n"]
    assert beats == [15, 30, 45]


@pytest.mark.parametrize("speed", [1, 4])
def test_a_hold_has_a_limit(settings, speed):
    settings.STREAMS = {"MAX_HOLD_S": 120}
    run = make("abcd", delay=1)
    run.set_speed(speed)
    heard = Listener(run).listen(until=0.1)
    run.hold()
    heard.listen()
    assert heard.writes[-1][0] == 120.1
    assert run.tally.outcome == "hold ended"
    assert "held for 120 seconds" in read_events(heard.body)[-1].data
    assert not run.dropped


def test_a_run_may_be_held_before_it_begins():
    run = make("ab", delay=1)
    run.hold()
    run.clock.advance(5)
    heard = Listener(run).listen(until=20)
    assert heard.said == []
    run.release()
    assert heard.listen().said == [(20, "a"), (21, "b")]


@pytest.mark.parametrize("act", ["drop", "truncate"])
def test_whoever_comes_back_is_not_dropped_at_the_same_place(act):
    body = f"ab{direction(act)}cd{direction(act)}ef"
    assert listen(body, delay=0).text == "ab"
    rest = listen(body, after=2, delay=0)
    assert (rest.text, rest.run.tally.faults) == (
        "cd",
        [f"{act} after event 2 (script)"],
    )
    assert listen(body, after=5, delay=0).text == "ef"
    assert listen(f"{direction(act)}ab", delay=0).text == ""


def test_neither_is_who_comes_back_to_where_a_fault_was():
    act = (Acting(act=Act.DROP, fault="flaky"), 0)
    assert listen("abc", act=act, delay=0).text == ""
    assert listen("abc", act=act, after=1, delay=0).text == "bc"


def test_unless_it_drops_always():
    assert listen(f"ab{direction('drop always')}cd", after=2, delay=0).text == ""


def test_other_acts_before_it_change_nothing():
    body = f"ab{direction('duplicate')}{direction('drop')}cd"
    assert listen(body, after=2, delay=0).text == "ccd"
    assert listen(f"{direction('duplicate')}{direction('drop')}a", delay=0).text == ""


@pytest.mark.parametrize("delay", [0, 1])
def test_a_stream_stands_still_after_so_many_chunks(delay):
    run = make("abcdef", delay=delay)
    run.hold_after(3)
    heard = Listener(run).listen(until=50)
    assert heard.text == "abc"
    assert run.held
    run.release()
    heard.listen()
    assert heard.text == "abcdef"
    assert heard.said[3][0] == 50 + delay


def test_it_is_held_at_once_where_so_much_was_said():
    run = make("abcdef", delay=1)
    heard = Listener(run).listen(until=3.5)
    run.hold_after(2)
    assert run.held
    run.release()
    run.hold_after(5)
    assert not run.held
    assert heard.listen(until=50).text == "abcde"


def test_chunks_pass_one_by_one_and_the_first_at_once():
    run = make(f"ab{direction('pause 60s')}cdef", delay=1)
    heard = Listener(run).listen(until=1.5)
    run.hold()
    heard.listen(until=10)
    run.step()
    heard.listen(until=20)
    assert heard.said[2:] == [(10, "c")]
    assert run.held
    run.step(2)
    heard.listen(until=30)
    assert heard.said[3:] == [(20, "d"), (21, "e")]
    run.release()
    assert heard.listen().said[5:] == [(31, "f")]


def test_a_step_takes_what_cannot_be_seen_with_it():
    """In this format neither thoughts nor a finish reason are shown."""
    thoughts = direction("reasoning") + "xyz" + direction("/reasoning")
    run = make(f"a{thoughts}bc", "openai-completions", delay=1)
    heard = Listener(run).listen(until=0.5)
    run.hold()
    run.step()
    heard.listen(until=20)
    assert b'"text":"b"' in heard.body
    assert b'"text":"c"' not in heard.body


def test_steps_stop_at_a_hold_of_the_script():
    run = make(f"ab{direction('hold here')}cdef", delay=1)
    run.hold()
    heard = Listener(run)
    run.step(4)
    heard.listen(until=50)
    assert (heard.text, run.held_at) == ("ab", "here")
    run.release()
    assert heard.listen(until=99).text == "abcd"
    assert run.held


@pytest.mark.parametrize("held", [False, True])
def test_a_stream_is_stopped_from_elsewhere(held):
    run = make("abcdef", delay=1)
    heard = Listener(run).listen(until=2.5)
    if held:
        run.hold()
        heard.listen(until=5)
    run.stop()
    assert run.wait() == 0
    heard.listen()
    assert heard.text == "abc"
    assert "stopped on request" in read_events(heard.body)[-1].data
    assert run.tally.outcome == "stopped"
    for late in (run.stop, run.drop, run.hold, run.release, run.step):
        late()
    assert run.tally.outcome == "stopped"
    assert not run.held


@pytest.mark.parametrize("held", [False, True])
def test_a_stream_is_dropped_from_elsewhere(held):
    run = make("abcdef", delay=1)
    heard = Listener(run).listen(until=2.5)
    if held:
        run.hold()
    run.drop()
    heard.listen()
    assert heard.text == "abc"
    assert run.dropped
    assert run.tally.outcome == "dropped on purpose"
    assert run.tally.faults == ["drop after event 3 (control)"]


@pytest.mark.parametrize("how", ["stop", "goodbye", "hold"])
def test_the_second_half_of_an_event_is_not_lost(how):
    run = make(f"a{direction('split')}ébc", delay=1)
    heard = Listener(run).listen(until=1.01)
    assert heard.body.endswith(b"\xc3")
    if how == "goodbye":
        heard._note(run.goodbye())
    else:
        getattr(run, how)()
        heard.listen(until=2)
    assert heard.text == "aé"


def test_the_speed_changes_on_the_way():
    run = make("abcdef", heartbeat=100, delay=4)
    heard = Listener(run).listen(until=6)
    run.set_speed(4)
    heard.listen(until=7)
    run.hold()
    run.set_speed(2)
    heard.listen(until=100)
    run.release()
    heard.listen()
    # 6 of the plan's seconds are over at 6, 10 at 7.
    assert heard.said == [
        (0, "a"),
        (4, "b"),
        (6.5, "c"),
        (101, "d"),
        (103, "e"),
        (105, "f"),
    ]


controls = st.lists(
    st.tuples(
        st.floats(0.01, 1.5),
        st.sampled_from(["hold", "release", "step", "step 3", "after 4", "faster"]),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(controls, st.sampled_from([0, 0.1, 0.7]))
def test_whatever_is_done_with_its_time_nothing_is_lost(asked, delay):
    """The same bytes come in the same order, and never before they would have."""
    body = f"ab{direction('pause 1s')}cdé{direction('hold')}fghijkl"
    usual = listen(body.replace(direction("hold"), ""), delay=delay)
    run = make(body, heartbeat=5, delay=delay)
    heard = Listener(run)
    jumped = any(what in ("step", "step 3", "faster") for _, what in asked)
    for seconds, what in asked:
        heard.listen(until=run.clock.now() + seconds)
        match what:
            case "hold":
                run.hold()
            case "release":
                run.release()
            case "after 4":
                run.hold_after(4)
            case "faster":
                run.set_speed(1.5)
            case _:
                run.step(int(what.partition(" ")[2] or 1))
    for _ in range(5):
        heard.listen(until=run.clock.now() + 50)
        run.release()
    assert run.tally.outcome == "completed"
    said = [(e.id, e.data) for e in read_events(heard.body)]
    # One position more: the hold's own.
    assert [data for _, data in said] == [e.data for e in read_events(usual.body)]
    if not jumped:
        due = [at for at, text in usual.said for _ in text]
        came = [at for at, text in heard.said for _ in text]
        assert all(a >= b - 1e-6 for a, b in zip(came, due, strict=True))
