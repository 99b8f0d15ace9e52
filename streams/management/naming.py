"""Names that somebody typed."""

from collections.abc import Collection
from difflib import get_close_matches


def near(wrong: str, known: Collection[str]) -> str:
    """Quote a name that is none, and say what may have been meant."""
    if close := get_close_matches(wrong, known, n=3, cutoff=0.5):
        return f"'{wrong}'. Did you mean {' or '.join(close)}?"
    return f"'{wrong}'. Known: {', '.join(sorted(known)) or 'none'}."
