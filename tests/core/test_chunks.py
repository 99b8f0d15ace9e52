"""Splitting, against Unicode's own rules and for texts of many scripts."""

import time
import unicodedata

import pytest
import regex
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.core.chunks import Unit, cuts, split
from tests.texts import NASTY, nasty_text

units = st.sampled_from(list(Unit))
sizes = st.integers(1, 12)


@given(nasty_text(), units, sizes)
def test_joining_the_chunks_gives_the_text_back(text, unit, size):
    assert "".join(split(text, unit, size)) == text


@given(nasty_text(), units, sizes)
def test_no_chunk_is_empty(text, unit, size):
    assert all(split(text, unit, size))


@given(nasty_text(), units, sizes)
def test_every_cut_is_a_grapheme_boundary(text, unit, size):
    # After a flag, regex joins a virama with the consonant behind it; UAX 29 does not.
    assume(not regex.search(r"\p{RI}\p{GCB=Extend}", text))
    boundaries = {match.end() for match in regex.finditer(r"\X", text)}
    assert set(cuts(text, unit, size)) <= boundaries


@given(nasty_text(), units, sizes)
def test_no_chunk_ends_between_cr_and_lf_or_before_a_combining_mark(text, unit, size):
    chunks = split(text, unit, size)
    for chunk, following in zip(chunks, chunks[1:], strict=False):
        assert not (chunk.endswith("\r") and following.startswith("\n"))
        if unicodedata.combining(following[0]):
            # Only after a line end or a control does a mark stand alone (UAX 29, GB4).
            assert unicodedata.category(chunk[-1]) in (
                "Cc",
                "Zl",
                "Zp",
                "Cf",
                "Cs",
                "Cn",
            )


@given(nasty_text(), st.integers(2, 9))
def test_size_counts_units(text, size):
    for unit in (Unit.GRAPHEME, Unit.WORD, Unit.SENTENCE, Unit.LINE):
        single = split(text, unit)
        grouped = split(text, unit, size)
        expected = ["".join(single[i : i + size]) for i in range(0, len(single), size)]
        assert grouped == expected


@given(nasty_text(), sizes)
def test_fixed_size_is_exceeded_by_single_clusters_only(text, size):
    for chunk in split(text, Unit.FIXED, size):
        assert len(chunk) <= size or len(regex.findall(r"\X", chunk)) == 1


@pytest.mark.parametrize("text", NASTY)
def test_clusters_stay_whole(text):
    assert split(text, Unit.GRAPHEME) == [text]


@pytest.mark.parametrize(
    ("text", "chunks"),
    [
        ("Hello, world! It's 3.14", ["Hello, ", "world! ", "It's ", "3.14"]),
        ("  two  spaces ", ["  ", "two  ", "spaces "]),
        ("今天天气不错。", ["今", "天", "天", "气", "不", "错。"]),
        ("「好的」，他说", ["「好", "的」，", "他", "说"]),
        ("Python是一种语言", ["Python", "是", "一", "种", "语", "言"]),
        ("コーヒーを飲む。", ["コーヒー", "を", "飲", "む。"]),
        ("한국어 단어", ["한국어 ", "단어"]),
        ("👩‍👩‍👧‍👦🇫🇷🇩🇪 ok", ["👩‍👩‍👧‍👦", "🇫🇷", "🇩🇪 ", "ok"]),
        ("**bold** text\n", ["**bold** ", "text\n"]),
    ],
)
def test_words(text, chunks):
    assert split(text, Unit.WORD) == chunks


@pytest.mark.parametrize(
    ("text", "chunks"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("It is 3.14, e.g. here. So.", ["It is 3.14, e.g. here. ", "So."]),
        ("1. First item.\n2. Second", ["1. First item.\n", "2. Second"]),
        ("你好。吃了吗？「吃了。」走吧", ["你好。", "吃了吗？", "「吃了。」", "走吧"]),
        ('He said "Go." Then left.', ['He said "Go." ', "Then left."]),
        ("Title\n\nText", ["Title\n\n", "Text"]),
    ],
)
def test_sentences(text, chunks):
    assert split(text, Unit.SENTENCE) == chunks


def test_lines_end_at_lf_crlf_and_cr_and_nowhere_else():
    text = "a\nb\r\nc\rd\u2028e\x85f\x0bg"
    assert split(text, Unit.LINE) == ["a\n", "b\r\n", "c\r", "d\u2028e\x85f\x0bg"]


def test_fixed_size_fills_up_with_whole_clusters():
    assert split("ab👩‍👩‍👧‍👦cde", Unit.FIXED, 3) == ["ab", "👩‍👩‍👧‍👦", "cde"]


def test_size_zero_is_refused():
    with pytest.raises(ValueError, match="chunk size 0 is not at least 1"):
        cuts("abc", Unit.WORD, 0)


@pytest.mark.parametrize(
    "part",
    [
        "🇫",
        "\u0600🇫",
        "🇫🇷\u0301",
        "e\u0301",
        "👩\u200d",
        ".",
        "!",
        "…",
        "7",
        ". ",
        '."',
        "「",
        "x",
        " ",
        "\n",
    ],
)
@pytest.mark.parametrize("unit", list(Unit))
def test_hostile_runs_are_split_in_linear_time(part, unit):
    """A quadratic pattern takes minutes for these; callers can send them."""
    text = part * (200_000 // len(part)) + "x"
    started = time.process_time()
    assert "".join(split(text, unit, 1000)) == text
    assert time.process_time() - started < 5
