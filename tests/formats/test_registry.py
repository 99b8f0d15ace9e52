"""Every format is documented and has its bytes in a table."""

import re
from pathlib import Path

import pytest

from streams.formats import FORMATS, get_format
from streams.formats.call import Call
from tests.formats.runs import RUN, bytes_of, make_context

FOLDER = Path(__file__).parent
DOCS = FOLDER.parent.parent / "docs" / "wire-formats.md"


def test_the_documentation_has_a_section_for_each_format_and_no_other():
    sections = re.findall(r"^## `([a-z-]+)`$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert sections == list(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_golden_bytes(name):
    tables = [
        path.name
        for path in FOLDER.glob("test_*.py")
        if "GOLDEN" in (text := path.read_text("utf-8")) and f'"{name}"' in text
    ]
    assert tables, f"no table of golden bytes names {name}"


def test_the_format_that_the_documentation_writes_works(monkeypatch):
    [code] = re.findall(
        r"^## Writing your own$.*?^```python$(.*?)^```$",
        DOCS.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    names = {}
    exec(code, names)
    monkeypatch.setitem(FORMATS, "lines", names["LinesFormat"]())
    sent = bytes_of("a<!-- stream: tool f {} -->é", "lines").decode()
    assert sent == (
        f'{{"run":"{RUN}"}}\n{{"text":"a"}}\n{{"text":"é"}}\n{{"end":"tool_calls"}}\n'
    )


@pytest.mark.parametrize("name", FORMATS)
def test_the_request_is_let_go_of_while_a_stream_plays(name):
    """But for the one format that repeats its instructions. Bytes are golden."""
    said = {"prompt": "p" * 1000, "params": {"messages": []}, "headers": {"a": "b"}}
    asked = Call(model="m", choices=2, options={"o": 1}, session="s", **said)
    call = get_format(name).lasting(make_context(call=asked)).call
    if name == "openai-assistants":
        assert call == asked
    else:
        assert call == Call(model="m", choices=2, options={"o": 1}, session="s")
        assert not call.headers


@pytest.mark.parametrize("name", FORMATS)
def test_names_are_kebab_case_and_their_own(name):
    assert get_format(name).name == name
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
