"""Counting tokens, with and without the extra."""

import sys

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from streams.tokens import BytePairs, Estimate, _loaded, get_tokenizer
from tests.texts import nasty_text

TOKENIZERS = [Estimate(), BytePairs("o200k_base"), BytePairs("cl100k_base")]


@pytest.fixture(autouse=True)
def loaded_anew():
    _loaded.clear()
    yield
    _loaded.clear()


@pytest.mark.parametrize(
    ("text", "tokens"),
    # Counted with OpenAI's tiktoken 0.14, o200k_base.
    [
        ("", 0),
        ("Hello, world!", 4),
        ("tokenization", 2),
        ("今天天气不错", 4),
        ("<|endoftext|>", 7),
    ],
)
def test_byte_pairs_are_those_of_openai(text, tokens):
    assert BytePairs("o200k_base").count(text) == tokens


@pytest.mark.parametrize("text", ["one two, three.\n", "今天。", "🏴", "x" * 1000])
def test_the_longest_script_is_counted(text):
    """Whatever the encoder itself takes at once."""
    count = 1_000_000 // len(text)
    tokens = BytePairs("o200k_base").count(text * count)
    assert tokens == pytest.approx(
        BytePairs("o200k_base").count(text * 100) / 100 * count, rel=0.01
    )


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=lambda t: t.name)
@given(text=nasty_text(), most=st.integers(0, 20))
def test_what_fits_has_no_more_tokens_than_allowed(tokenizer, text, most):
    room = tokenizer.fit(text, most)
    if room is None:
        assert tokenizer.count(text) <= most
    else:
        assert tokenizer.count(text) > most
        assert room < len(text)
        assert tokenizer.fit(text, most + 1) is None or (
            room <= tokenizer.fit(text, most + 1)
        )


@given(text=nasty_text())
def test_the_estimate_misses_no_character(text):
    estimate = Estimate()
    assert bool(estimate.count(text)) == bool(text)
    assert estimate.count(text) <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "It was a bright cold day in April, and the clocks were striking thirteen. "
        * 9,
        "今天天气不错，我们去公园散步吧。" * 9,
        "def answer(question: str) -> int:\n    return 42\n" * 9,
    ],
)
def test_the_estimate_is_not_far_off(text):
    exact = BytePairs("o200k_base").count(text)
    assert exact / 2 < Estimate().count(text) < exact * 2


def test_the_setting_chooses():
    for name in ("estimate", "cl100k_base", "o200k_base"):
        with override_settings(STREAMS={"TOKENIZER": name}):
            assert get_tokenizer().name == name
    assert get_tokenizer().name == "o200k_base"


def test_without_the_extra_it_is_an_estimate(monkeypatch):
    monkeypatch.setitem(sys.modules, "bpe_openai", None)
    assert get_tokenizer().name == "estimate"


@pytest.mark.django_db(transaction=True)
async def test_answers_say_how_their_tokens_were_counted(make_stream, async_client):
    from asgiref.sync import sync_to_async

    await sync_to_async(make_stream)("abc")
    body = {"model": "hello", "messages": [{"role": "user", "content": "Hi"}]}
    with override_settings(STREAMS={"TOKENIZER": "estimate"}):
        answer = await async_client.post(
            "/v1/chat/completions", body, content_type="application/json"
        )
    assert answer.headers["X-Stream-Tokenizer"] == "estimate"
    assert answer.json()["usage"]["total_tokens"] == 2
