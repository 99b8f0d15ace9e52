"""Scripts full of directions, each with the text that they say."""

from hypothesis import strategies as st

from tests.texts import nasty_text

SIMPLE = (
    "pause 100ms",
    "speed 2x",
    "speed 0.5x",
    "hold",
    "hold here",
    "event progress 40",
    "drop",
    "truncate always",
    "stall 1s",
    "error overloaded",
    "malformed",
    "split",
    "duplicate",
    "reorder",
    r"emit \xff",
    "cut",
    "timing 1@5 3@7 20@11",
    "finish length",
)


def comment(words: str) -> str:
    return f"<!-- stream: {words} -->"


# A letter on either side: on a line of its own, a direction would take that with it.
_direction = st.sampled_from(SIMPLE).map(lambda words: (f"x{comment(words)}y", "xy"))
_text = nasty_text(4).map(lambda text: (text, text))
_tool = st.just((f"x{comment('tool f')}y", "x{}y"))


def _block(name: str, inside: st.SearchStrategy) -> st.SearchStrategy:
    def around(pair: tuple[str, str]) -> tuple[str, str]:
        source, said = pair
        return f"x{comment(name)}y{source}x{comment(f'/{name}')}y", f"xy{said}xy"

    return inside.map(around)


def _joined(parts: st.SearchStrategy, most: int) -> st.SearchStrategy:
    def join(pairs: list[tuple[str, str]]) -> tuple[str, str]:
        return "".join(s for s, _ in pairs), "".join(t for _, t in pairs)

    return st.lists(parts, max_size=most).map(join)


_as_it_stands = st.lists(
    nasty_text(3) | st.sampled_from([comment("hold"), comment("no such"), "<!--"]),
    max_size=3,
).map(lambda parts: ("".join(parts),) * 2)
_pieces = _text | _direction | _block("together", _text)
_pieces |= _block("literal", _as_it_stands)
_reasoning = _block("reasoning", _joined(_pieces, 3))


def scripts() -> st.SearchStrategy[tuple[str, str]]:
    """Return scripts with every kind of direction, and what each of them says."""
    return _joined(_pieces | _reasoning | _tool, 8)
