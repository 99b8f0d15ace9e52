"""Scripts and streams as files: out, in again, and what is wrong with them."""

import asyncio
import io
import json
import re
import sys
from pathlib import Path
from random import Random

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import models
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.core.script import normalise
from streams.core.vocabulary import DIRECTIONS
from streams.demo import load_demo
from streams.formats import get_format
from streams.formats.call import Call
from streams.models import Fault, Rule, Script, Stream
from streams.playing.run import Run
from streams.porting import PortingError, load_folder, schema
from streams.porting.documents import script_values, stream_values
from streams.porting.exporting import files_of, script_text, stream_text
from streams.porting.reading import read_document
from tests.app.rules import make_rule, make_script
from tests.app.test_mutations import mutate
from tests.clocks import FakeClock
from tests.formats.runs import make_context
from tests.texts import nasty_text


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def streams_command(*arguments) -> tuple[int, str, str]:
    """Return the exit status, what was printed, and the error."""
    out = io.StringIO()
    try:
        call_command("streams", *map(str, arguments), stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), ""


def only_mistake(name, content) -> str:
    [mistake] = read_document(name, content.encode()).mistakes
    return str(mistake)


# The round trip

line = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=60
)
title = line.filter(bool)
hard_lines = st.sampled_from(
    [
        "null",
        "~",
        "yes",
        "1",
        "2024-01-01",
        "- x",
        "#",
        "'",
        "a: b",
        " a ",
        "!x",
        "\x85",
    ]
)


@settings(max_examples=150)
@given(body=nasty_text(), title=title | hard_lines, tags=line | hard_lines, notes=line)
@example("---\na: b\n---\nrest", "x", "", "---\n")
@example("---", "-", "...", " \n a\n")
@example("\n\n  a  \n\t\n", "x", "", "a: b\n\x85\u2028\ufeff")
@example("\ufeffa", "x", "", "\n")
@example("", "x", "", "a\n\n")
def test_a_script_comes_back_exactly(body, title, tags, notes):
    values = {"title": title, "rendering": "literal", "tags": tags, "notes": notes}
    values["body"] = normalise(body)
    text = script_text("x", values)
    assert text.endswith("\n---\n" + values["body"])
    read = read_document("scripts/y.md", text.encode())
    # Directions cannot come about by chance: the text may be as it likes.
    assert (read.slug, read.values, read.mistakes) == ("x", values, ())


def values_of(fields, defaults, **special):
    """Return values of every field, within what it takes."""
    found = {}
    for field in fields:
        if field.name not in defaults or field.name == "slug":
            continue
        if field.kind in ("whole", "number"):
            kind = st.integers if field.kind == "whole" else st.floats
            found[field.name] = kind(field.lowest, field.highest)
            if field.nullable:
                found[field.name] |= st.none()
        elif field.kind == "switch":
            found[field.name] = st.booleans()
        elif field.choices:
            found[field.name] = st.sampled_from(field.choices)
        else:
            found[field.name] = line | hard_lines
    return st.fixed_dictionaries(found | special)


name = st.from_regex(r"[a-z0-9_-]{1,20}", fullmatch=True)
nothing = st.just("")
rules = values_of(
    schema.RULE_FIELDS,
    schema.RULE_DEFAULTS,
    title=title | hard_lines,
    prompt_test=st.sampled_from(["contains", "equals"]),
    scripts=st.lists(name, max_size=3).map(tuple),
    fault=nothing,
    turns=st.sampled_from(["", "1", "2-3", "every 2"]),
    calls=nothing,
    header_name=st.just("x"),
    parameter_name=st.just("1"),
)
faults = values_of(
    schema.FAULT_FIELDS,
    schema.FAULT_DEFAULTS,
    title=title | hard_lines,
    kind=st.just("drop"),
    calls=st.sampled_from(["", "1"]),
    **dict.fromkeys(("status", "retry_after_s", "seconds", "at_position"), st.none()),
    **dict.fromkeys(("message", "error_type"), nothing),
)


def titled(tables):
    """Tables no two of which have one title."""
    return st.lists(tables, max_size=3, unique_by=lambda one: one["title"]).map(tuple)


@settings(max_examples=60)
@given(
    values_of(
        schema.STREAM_FIELDS,
        schema.STREAM_DEFAULTS,
        title=title | hard_lines,
        script=name,
        rules=titled(rules),
        faults=titled(faults),
    )
)
def test_a_stream_comes_back_exactly(values):
    read = read_document("streams/y.yaml", stream_text("x", values).encode())
    assert (read.slug, read.values, read.mistakes) == ("x", values, ())


@pytest.mark.django_db
def test_every_stream_plays_the_same_after_export_wipe_and_import(tmp_path):
    load_demo()
    stream = Stream.objects.get(slug="greeting")
    flaky = Fault.objects.create(
        stream=stream, order=1, kind="drop", after_event=3, chance_percent=12.5
    )
    busy = Fault.objects.create(
        stream=stream,
        order=2,
        title="busy: try later",
        kind="status",
        status=503,
        retry_after_s=2,
        message="“Busy”\tnow",
        calls="1-2",
    )
    weather = make_rule(
        stream, "Weather", "bursty", "torture", prompt_text="weather", turns="2-"
    )
    weather.counted, weather.then = "turns", "start-over"
    weather.save()
    make_rule(stream, "yes", prompt_test="regex", prompt_text=r"^\s*(a|b)$", fault=busy)
    text = "---\ntitle: no\n---\n\n  \t\u2028 a <!-- stream: pause 1s -->\n\n"
    script = make_script("hard", text)
    Stream.objects.create(slug="hard", title="Hard", script=script, seed=2**53 - 1)

    def everything():
        return {
            stream.slug: (
                stream_values(stream),
                [
                    script_values(script)
                    for script in [
                        stream.script,
                        *Script.objects.filter(rule_parts__rule__stream=stream),
                    ]
                ],
                _played(stream),
                [rule.conditions for rule in stream.rule_specs],
                [fault for _pk, _of_rule, fault in stream.armed_faults],
            )
            for stream in Stream.objects.select_related("script")
        }

    before = everything()
    assert len(before) == Stream.objects.count() > 14
    played = [steps_due_sent for _, _, steps_due_sent, _, _ in before.values()]
    assert sum(len(sent) > 5 for _steps, _due, sent in played) > 12
    assert streams_command("export", tmp_path)[0] == 0
    first = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    Rule.objects.all().delete()
    Stream.objects.all().delete()
    Script.objects.all().delete()
    assert streams_command("import", tmp_path)[0] == 0
    assert everything() == before
    assert Fault.objects.get(title=flaky.title).chance_percent == 12.5
    # Nothing differs from what is here, and a second export writes nothing.
    status, said, _ = streams_command("import", tmp_path, "--dry-run", "--json")
    counts = json.loads(said)["counts"]
    assert (status, counts["same"]) == (0, len(first))
    assert " 0 files written" in streams_command("export", tmp_path)[1]
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == first


def _played(stream):
    """Return the plan, and what a client gets when; where nobody has to release it."""
    call = Call(prompt="a")
    planned, said = stream.plan(stream.script, call, seed=stream.seed or 7)
    steps = [(step.position, step.text, step.direction) for step in planned.steps]
    context = make_context(
        slug=stream.slug,
        revision=stream.script.content_digest()[:16],
        retry_ms=stream.retry_ms,
        call=call,
        finish=said.finish,
        end=said.steps.end,
    )
    clock = FakeClock()
    run = Run(planned, get_format("plain"), context, clock=clock)

    async def frames():
        return [(clock.time, frame) async for frame in run.frames()]

    sent = [] if "stream: hold" in stream.script.body else asyncio.run(frames())
    return steps, list(planned.due), sent


# What is wrong

BROKEN = {
    "title: a: b": "1: This is no YAML (mapping values are not allowed here): put a text"
    " with a colon in it into quotes, and begin names of one table in one column.",
    "delay: 3": "1: There is no field 'delay': did you mean delay_ms?",
    "slug: x\ndelay_ms: 1\ndelay_ms: 2": "3: `delay_ms` is there twice, first in line 2:"
    " leave one out.",
    "delay_ms: 1.5s": "1: `delay_ms` is '1.5s', which is not a whole number from 0 to"
    " 60000: it counts milliseconds, write 1500.",
    "heartbeat_s: 2000ms": "1: `heartbeat_s` is '2000ms', which is not a whole number"
    " from 1 to 600: it counts seconds, write 2.",
    'delay_ms: "30"': "1: `delay_ms` is '30', which is not a whole number from 0 to"
    " 60000: leave out the quotes.",
    "delay_ms: 0x1F": "1: `delay_ms` is '0x1F', which is not a whole number from 0 to"
    " 60000.",
    "chunk_size: 0": "1: `chunk_size` is '0', which is out of range: give a whole number"
    " from 1 to 10000.",
    "\nunit: words": "2: `unit` is 'words', which is none of grapheme, word, sentence,"
    " line, fixed: did you mean word?",
    'published: "yes"': "1: `published` is 'yes': write true or false, without quotes.",
    "title: [a]": "1: `title` is one value, not a list.",
    "rules: a": "1: `rules` is a list: begin each of its entries with a dash,"
    " `- title: …`.",
    "rules:\n- turns: 2": "2: A rule needs a title: write `title: …`.",
    "rules:\n- title: a\n- title: a": "3: Two of the rules are called 'a', the other in"
    " line 2: give one another title.",
    "rules:\n- title: a\n  calls: every": "3: `calls`: 'every' is no number that can be"
    " read: write `1`, `1-2`, `4-` or `every 3`, several with commas between.",
    "rules:\n- title: a\n  fault: busy\nfaults:\n- title: bussy": "3: No fault of this"
    " stream is called 'busy': did you mean bussy?",
    "faults:\n- kind: status": "2: `status`: This kind of fault needs it.",
    "faults:\n- kind: drops": "2: `kind` is 'drops', which is none of status, slow-start,"
    " stall, drop, truncate, error, malformed, split, duplicate, reorder: did you mean"
    " drop?",
    "a: &x 1\nb: *x": "2: This is no YAML (aliases such as *x are not used here: write"
    " the value out).",
    "title: !!python/object:os.system ls": "1: Tags such as !!python/object:os.system are"
    " not used here: leave it out.",
    "schema: 2\nnew: 1": "1: `schema` is 2, and this version reads 1 only: install the"
    " one that wrote the file.",
    "[" * 20_000: "1: This is no YAML (it is nested too deeply).",
    "title: a\x07": "1: The character U+0007 cannot stand in YAML as it is: write it as"
    ' "\\u0007", in double quotes.',
    "slug: A b": "1: As the slug, 'A b' will not do: letters, digits, hyphens and"
    " underscores, 100 at most; write `slug: a-b`.",
    f"title: {'a' * 201}": "1: `title` has 201 characters: 200 at most.",
}


@pytest.mark.parametrize("content", BROKEN, ids=lambda content: content[:30])
def test_a_mistake_in_a_stream_names_line_value_and_remedy(content):
    assert only_mistake("x.yaml", content) == f"x.yaml:{BROKEN[content]}"


BROKEN_SCRIPTS = {
    "---\n" + "a:\n" * 100_000 + "---\n": "1: This front matter has 300000 characters:"
    " 100000 at most. If it is part of the text, put two lines of dashes before it, with"
    " nothing between.",
    "---\ntitle: A\n---\n\nHi\n<!-- stream: pause 2 sec -->": "6: 'pause 2 sec' has no"
    " duration that can be read: write `pause 800ms` or `pause 1.5s`.",
    "---\nrendring: template\n---\n": "2: There is no field 'rendring': did you mean"
    " rendering?",
    "---\nrendering: template\n---\na\n{% if %}": "5: Unexpected end of expression in if"
    " tag.",
    "---\nA text.\n": "1: The front matter, which these dashes begin, never ends: add"
    " another line of dashes, and nothing else in it, after it. If it is part of the"
    " text, put two lines of dashes before it, with nothing between.",
    "---\nA text.\n---\n": "2: This front matter is a value: write names with values,"
    " such as `title: …`. If it is part of the text, put two lines of dashes before it,"
    " with nothing between.",
}


@pytest.mark.parametrize("content", BROKEN_SCRIPTS, ids=lambda content: content[:30])
def test_a_mistake_in_a_script_names_the_line_of_the_file(content):
    assert only_mistake("x.md", content) == f"x.md:{BROKEN_SCRIPTS[content]}"


def test_a_file_that_is_not_utf_8_is_refused_with_its_line():
    [mistake] = read_document("x.md", b"a\nb\xff").mistakes
    assert (mistake.line, "0xff" in mistake.message) == (2, True)


def test_files_of_other_systems_are_read_as_if_they_were_ours():
    ours = read_document("x.md", b"---\ntitle: A\n---\na\nb\n")
    theirs = read_document("x.md", b"\xef\xbb\xbf---\r\ntitle: A\r\n---\r\na\r\nb\r\n")
    assert theirs.values == ours.values
    assert not theirs.mistakes


def test_every_setting_is_in_a_file_or_left_out_on_purpose():
    said = {
        Script: schema.SCRIPT,
        Stream: schema.STREAM,
        Rule: (*schema.RULE,),
        Fault: schema.FAULT,
    }
    for model, names in said.items():
        fields = {f.name for f in model._meta.get_fields() if _is_setting(f)}
        assert fields == {*names} | schema.LEFT_OUT[model], model


def _is_setting(field):
    return isinstance(field, models.Field) and not field.many_to_many


# Folders

HUNDRED = {f"scripts/s{n}.md": f"Script {n}.\n" for n in range(99)}


@pytest.mark.django_db
def test_a_broken_file_among_a_hundred_is_named_and_nothing_is_written(tmp_path):
    bad = "---\ntitle: Oops\n---\nHi\n<!-- stream: pause 2 sec -->\n"
    folder = write(tmp_path, HUNDRED | {"scripts/oops.md": bad})
    for script in HUNDRED:
        if script.endswith("7.md"):
            make_script(Path(script).stem, "Another text")
    before = list(Script.objects.values())
    for options in (["--dry-run"], [], ["--on-conflict", "replace"]):
        status, said, error = streams_command("import", folder, *options)
        assert status == 1
        assert "scripts/oops.md:5: 'pause 2 sec' has no duration" in said
        assert "89 new, 10 changed, 0 same, 1 error." in said
        assert error.startswith("1 file has errors. Nothing was written")
    assert list(Script.objects.values()) == before
    # What is right comes in if that is asked for.
    status, _, error = streams_command("import", folder, "--keep-going")
    assert (status, error) == (1, "1 file has errors. The rest was written.")
    assert Script.objects.count() == 99


def test_check_needs_no_database(tmp_path):
    folder = write(
        tmp_path,
        HUNDRED
        | {
            "streams/a.yaml": "script: s1\nrules:\n- {title: r, scripts: [s2, s100]}\n",
            "streams/b.yaml": "slug: s1\n",
            "streams/s1.yml": "unit: word\n",
        },
    )
    status, said, error = streams_command("check", folder)
    assert (status, error) == (1, "2 of 102 files have errors.")
    assert said.splitlines() == [
        "streams/a.yaml:3: There is no script 's100': did you mean s10 or s1?",
        "streams/s1.yml: 's1' is in streams/b.yaml, too: give one of the streams"
        " another slug.",
    ]
    (folder / "streams" / "a.yaml").unlink()
    (folder / "streams" / "b.yaml").unlink()
    assert streams_command("check", folder)[:2] == (0, "100 files, no errors.\n")
    assert streams_command("check", folder / "nowhere")[0] == 2


@pytest.mark.django_db
def test_conflicts_are_skipped_replaced_or_renamed(tmp_path, make_stream):
    stream = make_stream("old", "hello", delay_ms=5)
    folder = write(
        tmp_path,
        {
            "scripts/hello-script.md": "---\ntitle: hello\n---\nnew",
            "streams/hello.yaml": "title: Hello\nscript: hello-script\npublished: true\n"
            "delay_ms: 0\n",
        },
    )

    def bodies():
        return {s.slug: s.script.body for s in Stream.objects.select_related("script")}

    status, said, _ = streams_command("import", folder)
    assert (status, bodies()) == (0, {"hello": "old"})
    assert "    delay_ms: 5 → 0\n" in said
    assert "    body: +1 −1 line, the first at line 1\n" in said
    for _again in range(2):
        streams_command("import", folder, "--on-conflict", "rename")
        assert bodies() == {"hello": "old", "hello-2": "new"}
        assert Stream.objects.get(slug="hello-2").script.slug == "hello-script-2"
    streams_command("import", folder, "--on-conflict", "replace")
    assert bodies()["hello"] == "new"
    stream.refresh_from_db()
    assert (stream.delay_ms, stream.script.revisions.count()) == (0, 2)
    assert "0 changed, 2 same" in streams_command("import", folder)[1]


@pytest.mark.django_db
def test_a_rule_that_stays_keeps_its_row_and_so_its_counts(tmp_path, make_stream):
    stream = make_stream("a", "hello", delay_ms=30)
    kept, gone = make_rule(stream, "kept", "x"), make_rule(stream, "gone", "x")
    gone.fault = Fault.objects.create(stream=stream, title="old", kind="drop")
    gone.save()
    folder = write(
        tmp_path,
        {
            "streams/hello.yaml": "script: hello-script\nfaults:\n- kind: malformed\n"
            "  title: new\nrules:\n- {title: first, scripts: [x]}\n"
            "- {title: kept, scripts: [x, x], fault: new}\n"
        },
    )
    assert streams_command("import", folder, "--on-conflict", "replace")[0] == 0
    rules = list(stream.rules.order_by("order"))
    assert [rule.title for rule in rules] == ["first", "kept"]
    assert rules[1].pk == kept.pk
    assert rules[1].parts.count() == 2
    assert [fault.title for fault in stream.faults.all()] == ["new"]


@pytest.mark.django_db
def test_a_folder_of_texts_becomes_a_stream_each(
    tmp_path, django_assert_max_num_queries
):
    files = {f"{name}.md": f"I am {name}.\n" for name in ("ann", "bob")}
    folder = write(tmp_path, files | {"README.md": "Not a script.", "notes.txt": "x"})
    load_folder(folder, streams_for_scripts=True)
    found = Stream.objects.values_list("slug", "script__body", "published", "title")
    assert sorted(found) == [
        ("ann", "I am ann.\n", True, "Ann"),
        ("bob", "I am bob.\n", True, "Bob"),
    ]
    # Again: nothing to do, and little to ask.
    with django_assert_max_num_queries(9):
        report = load_folder(folder, streams_for_scripts=True, prune=True)
    assert {entry.outcome for entry in report.entries} == {"unchanged"}
    # A text that is broken for a moment plays on as it was; one that is gone is gone.
    write(folder, {"ann.md": "<!-- stream: puase 1s -->"})
    (folder / "bob.md").unlink()
    report = load_folder(folder, keep_going=True, prune=True)
    assert [str(mistake) for mistake in report.mistakes][0].startswith("ann.md:1: ")
    assert list(Stream.objects.values_list("slug", "script__body")) == [
        ("ann", "I am ann.\n")
    ]
    with pytest.raises(PortingError, match="is a file"):
        load_folder(folder / "ann.md")


@pytest.mark.django_db
def test_an_export_takes_along_what_a_stream_may_say(make_stream, tmp_path):
    stream = make_stream("a", "hello")
    make_rule(stream, "r", "one", "two")
    make_script("other")
    assert streams_command("export", tmp_path, "hello")[0] == 0
    names = {path.name for path in tmp_path.rglob("*.*")}
    assert names == {"hello.yaml", "hello-script.md", "one.md", "two.md"}
    status, _, error = streams_command("export", tmp_path, "helo")
    assert (status, error) == (
        2,
        "There is no stream or script 'helo': did you mean hello?",
    )
    Script.objects.create(slug="../up", title="Up")
    with pytest.raises(PortingError, match="no slug"):
        files_of(Script.objects.all(), [])


def test_every_direction_is_valid_in_a_file():
    body = "".join(f"{kind.example}\n" for kind in DIRECTIONS)
    values = {**schema.SCRIPT_DEFAULTS, "title": "X", "body": body}
    read = read_document("x.md", script_text("x", values).encode())
    assert (read.values["body"], read.mistakes) == (body, ())


# What people write, and what nobody would

DOCUMENT = (Path(__file__).parents[2] / "docs" / "import-export.md").read_text("utf-8")


def documented(language):
    [block] = re.findall(f"```{language}\n(.*?)```", DOCUMENT, re.S)[:1]
    return block


def test_the_documents_examples_are_what_they_say():
    script = documented("markdown")
    read = read_document("weather.md", script.encode())
    assert read.mistakes == ()
    assert script_text("weather", read.values) == script
    stream = read_document("weather.yaml", documented("yaml").encode())
    assert stream.mistakes == ()
    rules = [(rule["title"], rule["fault"]) for rule in stream.values["rules"]]
    assert rules == [("Busy at first", "busy"), ("Tomorrow", "")]
    wanted = ["weather", "weather-tomorrow", "weather-i-do-not-know"]
    assert [slug for slug, _line in stream.references()] == wanted


def test_no_broken_file_breaks_anything():
    random = Random(6)
    files = {
        "x.md": documented("markdown"),
        "x.yaml": documented("yaml") + "notes: |\n  a\n\n  'b'\n",
    }
    wrong = 0
    for _ in range(400):
        name = random.choice(sorted(files))
        read = read_document(name, mutate(random, files[name]))
        wrong += bool(read.mistakes)
        for mistake in read.mistakes:
            assert str(mistake).startswith(f"{name}:{mistake.line}: ")
    assert wrong > 100


def test_texts_need_no_yaml_and_the_rest_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert not read_document("plain.md", b"Only text.").mistakes
    folder = write(tmp_path, {"without-yaml.yaml": "unit: word\n"})
    assert streams_command("check", folder) == (
        2,
        "",
        "YAML needs PyYAML: pip install 'django-scripted-streams[yaml]'.",
    )
