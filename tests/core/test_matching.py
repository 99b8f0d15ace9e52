"""Rules: the first that holds wins, and the others say why they did not."""

import re
import time
from dataclasses import replace
from itertools import chain, cycle, islice, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.conditions import (
    CallIs,
    HeaderIs,
    ModelIs,
    ParameterIs,
    PromptIs,
    SystemContains,
    TextTest,
    TurnIs,
    Unreadable,
)
from streams.core.hurry import NotNow, hurry
from streams.core.matching import Rule, choose, place_in_sequence
from streams.core.ordinals import Ordinals
from streams.core.patterns import MOST_SECONDS, compile_pattern, weight
from streams.formats.call import Call, Message

CONTAINS, EQUALS, REGEX = TextTest
CALL = Call(
    prompt="What is the Weather in Köln?",
    messages=(
        Message(role="user", content="Hi"),
        Message(role="assistant", content="Hello"),
        Message(role="user", content="What is the Weather in Köln?"),
    ),
    system="You are a Pirate.",
    model="gpt-x",
    headers={"x-test": "blue"},
    query={"city": "Köln", "lang": "de"},
    params={"lang": "en", "stream": True, "n": 2},
)


def numbers(text):
    return Ordinals.parse(text), text


HELD = [
    PromptIs(CONTAINS, "weather"),
    PromptIs(CONTAINS, "KÖLN"),
    PromptIs(CONTAINS, "Weather", ignore_case=False),
    PromptIs(EQUALS, "what is the weather in köln?\n"),
    PromptIs(REGEX, r"weather in \w+\?$"),
    TurnIs(*numbers("2")),
    TurnIs(*numbers("every 2")),
    SystemContains("pirate"),
    ModelIs("gpt-x"),
    HeaderIs("X-Test"),
    HeaderIs("X-Test", "blue"),
    ParameterIs("city"),
    ParameterIs("lang", "en"),  # the body comes before the address
    ParameterIs("stream", "true"),
    ParameterIs("n", "2"),
    CallIs(*numbers("3-")),
]
NOT_HELD = [
    (PromptIs(CONTAINS, "weather", ignore_case=False), "it does not contain “weather”"),
    (PromptIs(EQUALS, "weather"), "The prompt is “What is the Weather in Köln?”, not"),
    (PromptIs(REGEX, "^weather"), "the regex “^weather” finds nothing."),
    (PromptIs(REGEX, "("), "The regex “(” is none: missing )"),
    (TurnIs(*numbers("1, 3-")), "This is turn 2 of the conversation, not 1, 3-."),
    (SystemContains("cook"), "The system prompt is “You are a Pirate.”: it does not"),
    (ModelIs("gpt-y"), "The model is “gpt-x”, not “gpt-y”."),
    (HeaderIs("X-Other"), "There is no header X-Other."),
    (HeaderIs("X-Test", "red"), "Header X-Test is “blue”, not “red”."),
    (ParameterIs("town"), "There is no parameter town."),
    (ParameterIs("lang", "de"), "Parameter lang is “en”, not “de”."),
    (CallIs(*numbers("1-2")), "This is call 3 of its session, not 1-2."),
    (Unreadable("'x' is no number"), "It cannot be read: 'x' is no number."),
]


@pytest.mark.parametrize("condition", HELD, ids=repr)
def test_a_condition_that_holds_has_nothing_to_say(condition):
    assert condition.why_not(CALL, 3) is None


@pytest.mark.parametrize(("condition", "said"), NOT_HELD, ids=repr)
def test_a_condition_that_does_not_hold_says_what_it_met(condition, said):
    assert said in str(condition.why_not(CALL, 3))


def test_what_is_not_there_is_said_so():
    empty = replace(CALL, system="", model="")
    assert "There is no system prompt" in str(SystemContains("a").why_not(empty, 1))
    assert "No model is named" in str(ModelIs("a").why_not(empty, 1))


@given(
    st.lists(st.lists(st.sampled_from(HELD + [no for no, _ in NOT_HELD]), max_size=3)),
)
def test_the_first_rule_all_of_whose_conditions_hold_wins(lists):
    rules = tuple(
        Rule(title=str(index), conditions=tuple(conditions))
        for index, conditions in enumerate(lists)
    )
    holds = [all(condition in HELD for condition in conditions) for conditions in lists]
    asked = []
    choice = choose(rules, CALL, lambda: asked.append(True) or 3)
    expected = holds.index(True) if True in holds else None
    assert choice.rule == (None if expected is None else rules[expected])
    looked_at = rules if expected is None else rules[: expected + 1]
    assert [verdict.rule for verdict in choice.verdicts] == list(looked_at)
    assert [verdict.reason is None for verdict in choice.verdicts] == [
        held for _, held in zip(looked_at, holds, strict=False)
    ]
    # Counted once at most, and whichever rule wins.
    assert len(asked) == any(rule.needs_number for rule in rules)


@given(st.text(max_size=20), st.text(min_size=1, max_size=5), st.booleans())
def test_texts_are_compared_as_python_does(prompt, text, ignore_case):
    folded = (str.casefold if ignore_case else str)(prompt)
    wanted = (str.casefold if ignore_case else str)(text)
    call = Call(prompt=prompt)
    held = PromptIs(CONTAINS, text, ignore_case).why_not(call, 1) is None
    assert held == (wanted in folded)
    held = PromptIs(EQUALS, text, ignore_case).why_not(call, 1) is None
    assert held == (wanted.strip() == folded.strip())


PIECES = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", "^", "$", r"\b"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        st.tuples(inner, st.sampled_from(["?", "*", "{1,2}"])).map(
            "(?:{0[0]}){0[1]}".format
        ),
    ),
    max_leaves=6,
)


@given(PIECES, st.text("ab1 ", max_size=12))
def test_a_regex_finds_what_the_standard_library_finds(pattern, prompt):
    held = PromptIs(REGEX, pattern).why_not(Call(prompt=prompt), 1) is None
    assert held == bool(re.search(pattern, prompt, re.IGNORECASE))


EVIL = [
    r"(a+)+$",
    r"(a|aa)+$",
    r"(?R)?a$|(?:a?){500}b",
    r"(?:(?:a{1,90}){1,90}){1,90}b",
]


@pytest.mark.parametrize("pattern", EVIL)
def test_a_regex_that_would_run_for_ever_is_stopped_and_reported(pattern):
    call = Call(prompt="a" * 20_000 + "!")
    rules = (
        Rule(title="evil", conditions=(PromptIs(REGEX, pattern),)),
        Rule(title="next"),
    )
    began = time.process_time()
    choice = choose(rules, call, lambda: 1)
    # It looks at its clock now and then.
    assert time.process_time() - began < 10 * MOST_SECONDS
    assert choice.rule == rules[1]
    reason = choice.verdicts[0].reason
    assert reason.stopped
    assert "was stopped after 50 ms" in str(reason)


def test_in_a_hurry_a_slow_regex_is_left_to_a_thread():
    """The event loop must not stand still for it."""
    call = Call(prompt="a" * 5000 + "!")
    rules = (Rule(title="evil", conditions=(PromptIs(REGEX, EVIL[0]),)),)
    with hurry(), pytest.raises(NotNow):
        choose(rules, call, lambda: 1)
    quick = (Rule(title="quick", conditions=(PromptIs(REGEX, "^a.*!$"),)),)
    with hurry():
        assert choose(quick, call, lambda: 1).rule == quick[0]


@pytest.mark.parametrize(
    ("pattern", "about"),
    [
        ("abc", 3),
        (r"\d{4}-\d{2}", 7),
        ("(?:ab){10}", 40),  # the marks of the group count, too
        ("[a-z]{3}", 3),
        (r"[(\]]{3}", 3),
        (r"\({3}", 3),
        ("a{2,}", 2),
        ("x{,5}", 5),  # as it stands
    ],
)
def test_a_regex_weighs_what_its_repetitions_come_to(pattern, about):
    assert about <= weight(pattern) <= 1.5 * about + 1


@pytest.mark.parametrize(
    "pattern",
    ["((a{1000}){1000}){1000}", "(?:[(]{200}){200}", "(((a{99})){99}){99}"],
)
def test_a_regex_that_would_take_all_memory_is_not_compiled(pattern):
    with pytest.raises(ValueError, match="repeats too much"):
        compile_pattern(pattern)


@given(st.integers(1, 6), st.integers(1, 30))
def test_a_sequence_repeats_its_last_or_starts_over(length, calls):
    def places(start_over):
        return [
            place_in_sequence(number, length, start_over=start_over)
            for number in range(1, calls + 1)
        ]

    last_repeated = chain(range(length), repeat(length - 1))
    assert places(False) == list(islice(last_repeated, calls))
    assert places(True) == list(islice(cycle(range(length)), calls))
