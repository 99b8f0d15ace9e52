"""Captured streams become scripts that say the same, in the same pieces and time."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.capture import (
    READERS,
    Called,
    CaptureError,
    Named,
    Recording,
    Said,
    read_capture,
    write_script,
)
from streams.capture.tidying import tidied
from streams.core.arguments import event
from streams.core.chunks import Unit
from streams.core.directions import Channel, NamedEvent, ToolCall
from streams.core.extent import extent
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import compile_script
from streams.core.steps import lay_out
from streams.formats import get_format
from tests.formats.runs import make_context
from tests.texts import nasty_text

CLOSE = 0.001
"""Seconds that rounding may make of a gap; the promise is five milliseconds."""


def planned(body, *, unit=Unit.WORD, size=2, delay=0.5):
    steps = lay_out(compile_script(body), unit, size)
    said = extent(steps, fit=lambda text, most: None)
    # Without text there are no deltas to keep time.
    ttft = delay if steps.text else 0.0
    return said, plan(said.steps, Pacing(delay=delay, ttft=ttft))


def played(body, **settings):
    """Return what a script does and when: the deltas, calls and events of its plan."""
    found = []
    for due, step in planned(body, **settings)[1]:
        value = step.direction and step.direction.value
        if isinstance(value, ToolCall):
            found.append((Called(name=value.name), due))
        elif isinstance(value, NamedEvent):
            found.append((Named(name=value.name, payload=value.data), due))
        elif step.direction is None:
            found.append((Said(text=step.text, channel=step.channel), due))
    return found


def captured(body, name, **settings):
    """Return a script as a client of a format gets it, with times, as JSON Lines."""
    said, timed = planned(body, **settings)
    context = make_context(finish=said.finish, end=said.steps.end)
    writer = get_format(name).writer(context)
    pieces = [(0.0, writer.opening())]
    pieces += [(due, writer.step(step)) for due, step in timed]
    pieces.append((timed.duration, writer.closing()))
    lines = (json.dumps({"t": t, "data": data.decode()}) for t, data in pieces if data)
    return "\n".join(lines).encode()


def without_times(entries):
    return [
        Said(text=entry.text, channel=entry.channel)
        if isinstance(entry, Said)
        else Called(name=entry.name)
        if isinstance(entry, Called)
        else Named(name=entry.name, payload=entry.payload)
        for entry in entries
    ]


def assert_plays(body, recording, **settings):
    """Check that a script does what was recorded, each thing at its time."""
    found = played(body, **settings)
    assert [entry for entry, _ in found] == without_times(recording.entries)
    if recording.timed:
        for (_, due), entry in zip(found, recording.entries, strict=True):
            assert due == pytest.approx(entry.at, abs=CLOSE)


# What is hard to say in a script, and what is hard to cut out of one.
FRAGMENTS = st.sampled_from(
    [
        *("\n", "\n\n", "  ", "\r", "\r\n", "\0", "\ud83d", "\ude00", "👩‍👩‍👧", "é"),
        *("<!--", "-->", " stream:", "<!-- stream: pause 1s -->", "<!-- stream: x"),
        *("<!-- stream: literal -->", "<!-- a comment -->", "{{ prompt }}", "{% if %}"),
    ]
)
TEXTS = st.lists(FRAGMENTS | nasty_text(4), min_size=1, max_size=3).map("".join)
VALUES = st.dictionaries(TEXTS, TEXTS | st.integers() | st.lists(TEXTS), max_size=3)


@st.composite
def arguments(draw):
    """Draw the arguments of a call as some model would write them, in pieces."""
    style = draw(st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 1}]))
    text = json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans()), **style)
    if draw(st.booleans()):
        text = text.replace("-->", r"--\u003e")
    if draw(st.booleans()):
        text = draw(st.sampled_from(["", " ", "\n"])) + text + "\n"
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    bounds = [0, *cuts, len(text)]
    return [text[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]


@st.composite
def recordings(draw, channels=(Channel.ANSWER, Channel.REASONING, Channel.REFUSAL)):
    kinds = [
        *(st.tuples(st.just(channel), TEXTS) for channel in channels),
        st.tuples(st.just("tool"), arguments()),
        st.tuples(st.just("event"), VALUES),
    ]
    gaps = st.floats(0, 2) | st.just(0.0)
    timed, now, entries = draw(st.booleans()), 0.0, []

    def at():
        nonlocal now
        now += draw(gaps)
        return now if timed else None

    for kind, value in draw(st.lists(st.one_of(*kinds), max_size=8)):
        if kind == "tool":
            entries.append(Called(name="f", at=at()))
            entries += [
                Said(text=piece, channel=Channel.TOOL, at=at())
                for piece in value
                if piece
            ]
        elif kind == "event":
            payload = event(f"progress {json.dumps(value)}".replace("-->", "")).data
            entries.append(Named(name="progress", payload=payload, at=at()))
        elif value:
            entries.append(Said(text=value, channel=kind, at=at()))
    return Recording(format="x", entries=tuple(tidied(entries)), ended=at())


@settings(max_examples=60)
@given(recordings(), st.sampled_from(Unit), st.integers(1, 5))
def test_a_script_plays_what_was_recorded_when_it_came(recording, unit, size):
    body = write_script(recording)
    if recording.timed:
        assert_plays(body, recording, unit=unit, size=size)
        ended = planned(body)[1].duration
        assert ended == pytest.approx(recording.ended, abs=CLOSE)
    else:
        said = "".join(
            entry.text for entry, _ in played(body) if isinstance(entry, Said)
        )
        assert said == "".join(delta.text for delta in recording.deltas())


BODIES = st.lists(
    TEXTS.map(lambda text: text.replace("stream:", ""))
    | st.sampled_from(
        [
            "<!-- stream: reasoning -->Hm, \nhm.\n<!-- stream: /reasoning -->",
            "<!-- stream: refusal -->No. <!-- stream: /refusal -->",
            '<!-- stream: tool f {"city": "Oslo"} -->',
            '<!-- stream: tool g verbatim {"a" :\n [1, "--\\u003e"]} -->',
            "<!-- stream: pause 1500ms -->",
            "<!-- stream: finish length -->",
            "<!-- stream: speed 3x -->",
            '<!-- stream: event progress {"percent": 40} -->',
        ]
    ),
    max_size=6,
).map("".join)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=25)
@given(body=BODIES, unit=st.sampled_from(Unit))
def test_what_our_own_formats_send_can_be_recorded(name, body, unit):
    """A stream, recorded and played again in its format, is the same stream."""
    capture = captured(body, name, unit=unit)
    first = read_capture(capture, format=name)
    assert (first.format, first.notes) == (name, ())
    if first.entries:
        assert read_capture(capture) == first
    script = write_script(first)
    assert_plays(script, first)
    again = read_capture(captured(script, name))
    assert without_times(again.entries) == without_times(first.entries)
    assert (again.finish, again.failure) == (first.finish, "")
    for was, now in zip(first.entries, again.entries, strict=True):
        assert now.at == pytest.approx(was.at, abs=CLOSE)


def test_text_that_ends_a_literal_is_recorded_in_two():
    texts = ["a <!-- stream: /lite", "ral --> b", "<!-- stream: /literal -->\n  ", "\n"]
    recording = Recording(format="x", entries=tuple(Said(text=text) for text in texts))
    said = [entry.text for entry, _ in played(write_script(recording))]
    assert "".join(said) == "".join(texts)


def lines_of(*datas):
    """Return an event stream of data alone."""
    return "".join(f"data: {data}\n\n" for data in datas).encode()


def chat(**delta):
    return json.dumps({"choices": [{"index": 0, "delta": delta}]})


DONE = "[DONE]"
BEGUN = '{"type": "message_start", "message": {}}'


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "The file is empty"),
        (b" \n\n", "The file is empty"),
        (b"\x1f\x8b\x08\0\0", "Line 1: The file is gzip, not text: gunzip it"),
        (b"\xff\xfed\0a\0", "Line 1: The file is UTF-16: save it as UTF-8"),
        (b"data: a\n\ndata: \xe9t\xe9\n\n", "Line 3: byte 0xe9 is no UTF-8"),
        (b"data: a\n\ndata: \xe4\xb8", "Line 3: the file ends inside a character"),
        (b"data: a\n\0\n", "Line 2: byte 0x00 is in no text: this is a binary file"),
        (b"\x89PNG\r\n\x1a\n", "Line 1: byte 0x89 is no UTF-8: this is a binary file"),
        (b"<html>\n", "Line 1: '<html>' is no field: this is neither an event stream"),
        (
            b"HTTP/1.1 429 Too Many\r\nA: b\r\n\r\n{}",
            "Line 1: the answer's status is 429",
        ),
        (b"HTTP/2 200\nA: b\n\n", "There is nothing after the headers"),
        (b": ping\n\n: ping\n\n", "Line 1: There are no events in the file"),
        (b'{"error": {"message": "No key."}}', "The answer is an error: No key."),
        (b'{\n "object": "chat.completion",\n "choices": []\n}', "an answer in whole"),
        (b'data: {"hello": 1}\n\n', "Line 1: '{\"hello\": 1}' is of no format"),
        (b'{"log": {"entries": []}}', "a browser's log (HAR): save the body"),
        # Broken off.
        (
            lines_of(chat(content="a")),
            "Line 2: the stream breaks off without its end, data:",
        ),
        (lines_of(chat(content="a"))[:-9], "Line 1: the file ends inside its first"),
        (lines_of(BEGUN), "without its end, message_stop"),
        (b'[{"candidates": []},\n{"cand', "Line 2: the file ends inside an event"),
        (b'[{"candidates": []}', "Line 1: the stream breaks off without its end, the"),
        (
            b'{"message": {"content": "a"}, "done": false}\n{"mess',
            "Line 2: the file ends",
        ),
        (b"id: 0123456789abcdef-3\ndata: a\n\n", "without its end, event: done"),
        (b"data: a\n\ndata: b\n", "Line 3: the stream breaks off"),
        # What cannot be said.
        (lines_of(chat(content=3), DONE), "Line 1: 3 stands where a text must"),
        (lines_of(chat(content="a"), "x", DONE), "Line 3: 'x' is no JSON object"),
        (
            b'{"message": {"content": "a"}, "done": false}\nx\n',
            "Line 2: 'x' is no JSON",
        ),
        (
            lines_of(
                chat(
                    tool_calls=[
                        {"index": 0, "function": {"name": "f", "arguments": '{"a'}}
                    ]
                ),
                DONE,
            ),
            "Line 1: the arguments of the tool call 'f', which end here, are no JSON",
        ),
        (
            lines_of(
                *(
                    chat(tool_calls=[{"index": index, "function": function}])
                    for index, function in [
                        (0, {"name": "f", "arguments": "{"}),
                        (1, {"name": "g", "arguments": "{"}),
                        (0, {"arguments": "}"}),
                    ]
                ),
                DONE,
            ),
            "Line 5: arguments come for another tool call than the last",
        ),
        # Times.
        (b"0.1 data: a\n0.2 \ndata: b\n\n", "Line 3: 'data: b' has no time before it"),
        (
            b'{"t": 0, "data": "data: a\\n\\n"}\n{"t": 1, "da',
            'Line 2: \'{"t": 1, "da\' is not as',
        ),
        (
            b'{"t": 2, "data": "a"}\n{"t": 1, "data": "b"}\n',
            "Line 2: the time 1.000000 is before",
        ),
        (
            b"12:00:01 data: a\n11:59:59 \n",
            "Line 2: the time is before that of the line",
        ),
    ],
)
def test_bad_files_are_named_with_their_line_and_the_remedy(data, complaint):
    with pytest.raises(CaptureError) as error:
        write_script(read_capture(data))
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    "prefix",
    [
        *("{t:.3f}", "17638309{t:06.3f}", "23:59:{t:06.3f}", "[09:15:{t:06.3f}]"),
        *("2026-11-22T09:15:{t:06.3f}Z", "2026-11-22 09:15:{t:06.3f}+01:00"),
        *("Nov 22 09:15:{t:06.3f}", "Nov  2 09:15:{t:06.3f}"),
    ],
)
def test_times_are_read_however_they_are_written(prefix):
    stream = lines_of(chat(content="a"), chat(content="b"), DONE).decode()
    seconds = [50 + 0.25 * number for number in range(6)]
    stamped = "".join(
        f"{prefix.format(t=t)} {line}\n"
        for t, line in zip(seconds, stream.split("\n"), strict=False)
    )
    recording = read_capture(stamped.encode())
    begins = 50 if prefix == "{t:.3f}" else 0
    times = [delta.at for delta in recording.deltas()]
    # Each event is through with its blank line.
    assert times == [pytest.approx(begins + 0.25), pytest.approx(begins + 0.75)]


def test_times_go_on_after_midnight():
    lines = ["23:59:59.5 data: a", "23:59:59.5 ", "0:00:00.25 data: b", "0:00:00.25\n"]
    recording = read_capture("\n".join(lines).encode())
    assert [delta.at for delta in recording.deltas()] == [0, 0.75]


def test_calls_that_share_an_index_are_told_apart_by_their_ids():
    calls = [
        {"index": 0, "id": f"c{n}", "function": {"name": "f", "arguments": "{}"}}
        for n in (1, 2)
    ]
    recording = read_capture(lines_of(chat(tool_calls=calls), DONE))
    script = write_script(recording)
    assert script == "<!-- stream: tool f {} -->\n" * 2


def test_headers_before_a_stream_are_no_part_of_it():
    headers = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n"
    recording = read_capture(headers + lines_of("Hello"))
    assert write_script(recording) == "Hello"


def test_a_format_that_the_file_is_not_of_is_refused():
    with pytest.raises(
        CaptureError, match="the file is Server-Sent Events, and ollama"
    ):
        read_capture(lines_of(chat(content="a"), DONE), format="ollama-chat")
    with pytest.raises(CaptureError, match="There is no format 'x'"):
        read_capture(lines_of("a"), format="x")


def test_text_that_looks_like_json_is_recorded_as_text_if_one_says_so():
    recording = read_capture(lines_of('{"hello": 1}'), format="plain")
    assert write_script(recording) == '{"hello": 1}'


def test_a_stream_that_breaks_off_is_recorded_so_if_one_says_so():
    for rest in (b"", b'data: {"choi'):
        recording = read_capture(lines_of(chat(content="a")) + rest, allow_cut=True)
        assert write_script(recording) == "a<!-- stream: truncate -->"


@pytest.mark.parametrize(
    "name", ["openai-chat", "openai-responses", "anthropic", "gemini"]
)
@pytest.mark.parametrize("kind", ["server", "overloaded", "rate_limit", "timeout"])
def test_an_error_in_mid_stream_is_recorded_with_its_type(name, kind):
    writer = get_format(name).writer(make_context())
    said = planned("a")[0].steps
    sent = writer.opening() + writer.step(said[0]) + writer.error("No.", kind)
    recording = read_capture(sent)
    assert write_script(recording) == f"a<!-- stream: error {kind} -->"


def test_what_a_script_cannot_say_is_noted():
    chunk = json.dumps({"choices": [{"index": 1, "delta": {"content": "b"}}]})
    end = json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "eos"}]})
    recording = read_capture(lines_of(chat(content="a"), chunk, end, DONE))
    assert write_script(recording) == "a"
    assert recording.notes == (
        "left out: all choices but the first (first on line 3)",
        "finish reason 'eos' on line 5 is none that scripts know: it becomes `stop`",
    )
