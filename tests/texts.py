"""Texts that are hard to cut, encode and carry."""

from hypothesis import strategies as st

NASTY = [
    "👩‍👩‍👧‍👦",  # joined with U+200D
    "🧑🏽‍🚀",  # skin tone and joiner
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿",  # a flag of tag characters
    "🇫🇷",  # two regional indicators
    "1️⃣",  # keycap
    "e\u0301\u0323\u0302",  # stacked combining marks
    "\u1112\u1161\u11ab",  # conjoining Hangul jamo
    "क्षि",  # a Devanagari conjunct
    "กำ",  # a Thai spacing vowel
    "葛\U000e0100",  # an ideographic variation sequence
    "か\u3099",  # kana with a combining voiced mark
    "\r\n",
]

_hard = st.sampled_from(
    [
        *NASTY,
        *"\n\r\t \x0b\x0c\x1c\x85\u2028\u2029\ufeff\u200d\ufe0f\u0301",
        "\n\n",
        "data: x",
        ": comment",
        "id: 7",
        "[DONE]",
        "</script>",
        '"\\',
        "<!-- a comment -->",
        "<!--",
        "-->",
        "Hello, world. ",
        "今天。",
        "日本語",
    ]
)
_any = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def nasty_text(max_size: int = 30) -> st.SearchStrategy[str]:
    """Any Unicode, with the parts that break naive code thrown in often."""
    return st.lists(_hard | _any, max_size=max_size).map("".join)


def hostile_file() -> st.SearchStrategy[str]:
    """What a browser or a file may bring: CR, NUL and lone surrogates, too."""
    lone = st.sampled_from(["\0", "\r", "\r\n", "\ud800", "\udfff"])
    return st.lists(_hard | _any | lone, max_size=30).map("".join)
