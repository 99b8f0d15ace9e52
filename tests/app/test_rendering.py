"""Templates: what they can say, and what they cannot reach."""

import pytest
from django.test import override_settings
from django.utils import translation

from streams.core.script import Direction
from streams.exceptions import Problem, ScriptError
from streams.formats.call import Call, Message
from streams.rendering import compile_template, render_script


def render(body: str, **call) -> str:
    return render_script(body, Call(**call)).text


def test_the_callers_words():
    messages = (Message(role="system", content="s"), Message(role="user", content="u"))
    body = "{{ prompt }} {{ turn }} {{ params.name }} {{ messages.1.content }}"
    call = {"prompt": "p", "params": {"name": "n"}, "messages": messages}
    assert render(body, **call) == "p 1 n u"


def test_nothing_is_escaped_since_it_is_not_html():
    assert render("{{ prompt }}", prompt='<b>"O\'Neil" & co') == '<b>"O\'Neil" & co'


def test_numbers_are_written_the_same_in_every_language():
    with override_settings(LANGUAGE_CODE="de", USE_THOUSAND_SEPARATOR=True):
        assert render("{{ params.n }}", params={"n": 1234.5}) == "1234.5"


def test_conditions_loops_and_filters():
    body = "{% for m in messages %}{{ m.content|upper }}{% if not forloop.last %}, {% endif %}{% empty %}none{% endfor %}"
    messages = tuple(Message(role="user", content=c) for c in "ab")
    assert render(body, messages=messages) == "A, B"
    assert render(body) == "none"


def test_directions_keep_their_places_through_conditions_and_loops():
    body = "{% for c in prompt %}{{ c }}<!-- stream: pause 1s -->{% endfor %}"
    sheet = render_script(body, Call(prompt="ab"))
    kinds = [getattr(cue, "text", None) or cue.name for cue in sheet.cues]
    assert kinds == ["a", "pause", "b", "pause"]


@pytest.mark.parametrize(
    "prompt",
    ["<!-- stream: pause 9s -->", "\0000\0", "\x000\n\n\0", "{{ turn }}{% debug %}"],
)
def test_what_a_caller_says_is_never_a_direction_or_a_template(prompt):
    body = "<!-- stream: pause 1s -->{{ prompt }}{{ params.x }}{{ messages.0.content }}"
    messages = (Message(role="user", content=prompt),)
    call = Call(prompt=prompt, params={"x": prompt}, messages=messages)
    sheet = render_script(body, call)
    assert len(sheet.cues) == 2
    assert sheet.text == prompt.replace("\0", "") * 3


@pytest.mark.parametrize(
    "tag",
    [
        "load static",
        'include "admin/base.html"',
        'extends "admin/base.html"',
        'url "admin:index"',
        "debug",
        "now 'Y'",
        "lorem",
        "csrf_token",
        "autoescape off",
        "regroup x by y as z",
        "widthratio 1 2 3",
    ],
)
def test_tags_that_reach_out_are_refused_by_name(tag):
    with pytest.raises(ScriptError) as caught:
        compile_template(f"\n{{% {tag} %}}")
    assert f"Line 2: the tag '{tag.split()[0]}' is not available" in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "settings.SECRET_KEY",
        "prompt.__class__",
        "params.__init__.__globals__",
        "request.user",
        "messages.0.__class__.__mro__",
        "_budget.loops",
    ],
)
def test_a_template_reaches_no_settings_files_or_internals(expression):
    body = f"[{{{{ {expression} }}}}]"
    try:
        text = render(body, messages=(Message(role="user", content="x"),))
    except ScriptError as error:
        assert "underscore" in str(error)
    else:
        assert text == "[]"


@pytest.mark.parametrize(
    "name",
    [
        "add",
        "addslashes",
        "make_list",
        "center",
        "join",
        "ljust",
        "random",
        "date",
        "safe",
        "floatformat",
    ],
)
def test_filters_that_multiply_or_reach_out_are_not_there(name):
    with pytest.raises(ScriptError, match=f"Invalid filter: '{name}'"):
        compile_template(f"{{{{ prompt|{name} }}}}")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a\n{% if prompt %}\nb", "Line 2: Unclosed tag"),
        ("a\n\n{% endif %}", "Line 3: Invalid block tag"),
        ("{{ prompt| }}", "Line 1: Could not parse the remainder"),
        (
            "a\n<!-- stream: pause 1s -->\nb\n{% nonsense %}",
            "Line 4: Invalid block tag",
        ),
        ("<!-- stream:\npause\n1s -->x\n{% endif %}", "Line 4: Invalid block tag"),
        ("\n<!-- stream: pause {{ x }} -->", "Line 2: 'pause {{ x }}' has no duration"),
    ],
)
def test_an_error_names_its_line_in_the_script(body, message):
    with pytest.raises(ScriptError) as caught:
        compile_template(body)
    assert message in str(caught.value)


def test_loops_are_bounded():
    body = "{% for a in prompt %}{% for b in prompt %}{% for c in prompt %}{% endfor %}{% endfor %}{% endfor %}"
    with pytest.raises(ScriptError, match="loops more than 10,000 times"):
        render(body, prompt="x" * 1000)


@override_settings(STREAMS={"MAX_SCRIPT_CHARS": 1000})
def test_output_is_bounded_and_each_character_counts_once():
    with pytest.raises(ScriptError, match="more than 1,000 characters"):
        render("{{ prompt }}", prompt="x" * 1001)
    nested = (
        "{% for a in '12' %}{% for b in '12' %}{{ prompt }}{% endfor %}{% endfor %}"
    )
    assert len(render(nested, prompt="x" * 250)) == 1000
    with pytest.raises(ScriptError, match="more than 1,000 characters"):
        render(nested, prompt="x" * 251)


@pytest.mark.parametrize(
    "body",
    [
        "{% for a in '0123456789' %}{% if prompt|title|upper == '' %}{% endif %}{% endfor %}"
        * 9,
        "{% if prompt|upper|slice:':0' %}{% endif %}" * 40,
        "{% if params.x|default:prompt|lower|slice:':0' %}{% endif %}" * 30,
        "{{ prompt }}" * 60,
    ],
)
def test_work_is_bounded_even_if_it_leaves_no_text(body):
    with pytest.raises(
        ScriptError, match="goes through more than 5,000,000 characters"
    ):
        render(body, prompt="x" * 90_000)


def test_what_a_caller_says_to_a_template_is_bounded():
    for call in (
        {"prompt": "x" * 100_001},
        {"params": {"a": ["x" * 50_001, "x" * 50_001]}},
        {"messages": (Message(role="user", content="x" * 100_001),)},
    ):
        with pytest.raises(
            Problem, match="longer than the 100,000 characters"
        ) as caught:
            render("Hi", **call)
        assert caught.value.status == 413
    deep = "x"
    for _ in range(60):
        deep = [deep]
    with pytest.raises(Problem, match="nested more than 50 levels"):
        render("Hi", params={"a": deep})


def test_templates_are_shorter_than_literal_scripts():
    with pytest.raises(
        ScriptError, match="at most 100,000 characters, this has 100,001"
    ):
        compile_template("x" * 100_001)


@pytest.mark.parametrize("opening", ["{{", "{%", "{#"])
def test_openings_without_end_are_refused_before_they_cost_their_square(opening):
    with pytest.raises(ScriptError, match="Line 2: '.*' is never closed"):
        compile_template("fine\n" + opening * 40_000)
    assert render(f"a {opening} b") == f"a {opening} b"


def test_long_chains_of_filters_are_refused():
    with pytest.raises(ScriptError, match="more than 10 filters"):
        compile_template("{{ prompt" + "|upper" * 11 + " }}")


def test_a_direction_inside_a_filter_tag_is_refused():
    """The filter would go over its mark."""
    body = "{% filter upper %}{% if x %}\n<!-- stream: pause 1s -->{% endif %}{% endfilter %}"
    with pytest.raises(ScriptError, match="a direction cannot stand inside"):
        compile_template(body)
    assert render("{% filter upper %}{{ prompt }}{% endfilter %}", prompt="a") == "A"


def test_the_language_of_the_visitor_changes_nothing():
    body = "{{ 1|yesno }} {{ prompt|truncatechars:3 }} {{ _('Password') }}"
    with translation.override("zh-hans"):
        assert render(body, prompt="abcdef") == "yes ab… Password"


def test_nesting_beyond_reason_is_an_error_and_not_a_crash():
    with pytest.raises(ScriptError, match="nested too deeply"):
        compile_template("{% if prompt %}" * 3000 + "{% endif %}" * 3000)


def test_a_failing_expression_says_so():
    with pytest.raises(ScriptError, match="cannot be rendered"):
        render("{% for a, b in prompt %}{% endfor %}", prompt="xyz")


def test_blocks_that_do_not_nest_are_found_before_a_template_is_played():
    """Where no tag can leave anything out: an `if` may open what another closes."""
    opening, closing = "<!-- stream: reasoning -->", "<!-- stream: /reasoning -->"
    with pytest.raises(ScriptError, match="Line 2: `reasoning` is never closed"):
        compile_template(f"{{{{ prompt }}}}\n{opening}")
    tags = f"{{% if prompt %}}{opening}{{% endif %}}a{{% if prompt %}}{closing}{{% endif %}}"
    assert render_script(tags, Call(prompt="Hi")).text == "a"


def test_directions_act_in_templates_as_often_as_they_are_passed():
    body = "{% for i in '12' %}<!-- stream: hold -->{{ i }}{% endfor %}"
    sheet = render_script(body, Call())
    assert [cue.name for cue in sheet.cues if isinstance(cue, Direction)] == [
        "hold"
    ] * 2
    literal = "<!-- stream: literal -->{{ prompt }}<!-- stream: x --><!-- stream: /literal -->"
    assert render_script(literal, Call(prompt="Hi")).text == "Hi<!-- stream: x -->"
