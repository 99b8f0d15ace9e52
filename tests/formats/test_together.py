"""Steps that leave together are what they would be one by one."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.chunks import Unit
from streams.core.script import compile_script
from streams.core.steps import lay_out
from streams.formats import FORMATS, get_format
from streams.formats.call import Call
from tests.formats.runs import make_context
from tests.texts import nasty_text

PIECES = [
    "<!-- stream: reasoning -->Hm, \nhm.\n<!-- stream: /reasoning -->",
    "<!-- stream: refusal -->No. <!-- stream: /refusal -->",
    '<!-- stream: tool f {"city": "Oslo"} -->',
    '<!-- stream: event progress {"percent": 40} -->',
    "Hello, world. ",
]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25)
@given(
    choices=st.sampled_from([1, 3]),
    body=st.lists(st.sampled_from(PIECES) | nasty_text(8), min_size=1).map("".join),
    batches=st.lists(st.integers(1, 9), min_size=1),
)
def test_steps_are_the_same_together_and_alone(name, choices, body, batches):
    steps = lay_out(compile_script(body), Unit.GRAPHEME, 3)
    call = replace(Call(model="s"), choices=choices)
    context = make_context(call=call, end=steps.end)
    alone, together = (get_format(name).writer(context) for _ in range(2))
    assert alone.opening() == together.opening()
    at = 0
    while at < len(steps):
        some = list(steps)[at : at + batches[at % len(batches)]]
        at += len(some)
        assert list(together.steps(some)) == [alone.step(step) for step in some]
    assert alone.closing() == together.closing()
