"""Counting tokens: as OpenAI's models do where the extra `tokens` is, else a guess."""

import re
import warnings
from collections.abc import Iterator
from threading import Lock
from typing import Protocol

from streams.conf import conf
from streams.core.hurry import may_take_time

ESTIMATE = "estimate"
ENCODINGS = ("o200k_base", "cl100k_base")

MOST_ENCODED = 40_000
"""Code points encoded at once: bpe-openai refuses a text of more than 200,000 tokens,
and none has more than four to a code point."""

# What is one token to most models, more or less: four letters of a word or a number
# with the space before them, or one of anything else.
_ROUGHLY = re.compile(r"\s?[^\W\d_\u2e80-\uffff]{1,4}|\s?\d{1,3}|\s+|.", re.DOTALL)


_loading = Lock()
_loaded: dict[str | None, "Tokenizer"] = {}


class Tokenizer(Protocol):
    """Counts tokens of a text."""

    name: str

    def count(self, text: str) -> int:
        """Return how many tokens the text has."""

    def fit(self, text: str, most: int) -> int | None:
        """Return how many code points `most` tokens hold, None if that is all."""


class Estimate:
    """A guess, right within some tens of percent, the same everywhere."""

    name = ESTIMATE

    def count(self, text: str) -> int:
        return sum(1 for _ in _ROUGHLY.finditer(text))

    def fit(self, text: str, most: int) -> int | None:
        for number, token in enumerate(_ROUGHLY.finditer(text)):
            if number == most:
                return token.start()
        return None


class BytePairs:
    """An encoding that OpenAI's models use, from data that comes with bpe-openai."""

    def __init__(self, name: str) -> None:
        with warnings.catch_warnings():
            # Of importlib.resources, which the package uses in an old way.
            warnings.simplefilter("ignore", DeprecationWarning)
            import bpe_openai

        self.name = name
        self._encoding = bpe_openai.get_encoding(name)

    def count(self, text: str) -> int:
        return len(self._encode(text))

    def fit(self, text: str, most: int) -> int | None:
        tokens = self._encode(text)
        if len(tokens) <= most:
            return None
        # A token may end inside of a character, which then has no room.
        kept: bytes = self._encoding.decode_bytes(tokens[:most])
        return len(kept.decode("utf-8", "ignore"))

    def _encode(self, text: str) -> list[int]:
        tokens: list[int] = []
        for piece in _pieces(text):
            tokens += self._encoding.encode_ordinary(piece)
        return tokens


def _pieces(text: str) -> Iterator[str]:
    """Cut a long text before spaces, where no token goes on, or else anywhere."""
    start = 0
    while len(text) - start > MOST_ENCODED:
        space = text.rfind(" ", start + 1, start + MOST_ENCODED)
        end = space if space > 0 else start + MOST_ENCODED
        yield text[start:end]
        start = end
    yield text[start:]


def get_tokenizer() -> Tokenizer:
    """Return the tokenizer that STREAMS["TOKENIZER"] names."""
    return _load(conf.tokenizer)


def _load(name: str | None) -> Tokenizer:
    tokenizer = _loaded.get(name)
    if tokenizer is None:
        may_take_time()
        with _loading:
            if name not in _loaded:
                _loaded[name] = _make(name)
            tokenizer = _loaded[name]
    return tokenizer


def _make(name: str | None) -> Tokenizer:
    if name == ESTIMATE:
        return Estimate()
    if name is not None:
        return BytePairs(name)
    try:
        return BytePairs(ENCODINGS[0])
    except ImportError:
        return Estimate()
