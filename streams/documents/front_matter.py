"""Markdown with front matter: YAML between two lines of dashes, then the text."""

from dataclasses import dataclass
from typing import Any

from streams.documents.mistakes import Unreadable
from streams.documents.nodes import Pairs, called
from streams.documents.yaml_text import compose, dump

FENCE = "---"

LONGEST = 100_000
"""Most characters between the lines of dashes: YAML takes its time to be read."""

REMEDY = (
    "If it is part of the text, put two lines of dashes before it, with nothing between"
)
"""What to do with a text that begins with a line of dashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """A file in its two parts."""

    node: Pairs | None
    """None for a file without front matter, or with an empty one."""
    body: str
    """Everything after it, exactly."""
    body_line: int
    """Line of the file in which the body begins, counted from 1."""


def join(values: dict[str, Any], body: str) -> str:
    """Write a file. `split` takes it apart again: nothing is lost and nothing added."""
    return f"{FENCE}\n{dump(values)}{FENCE}\n{body}"


def split(text: str) -> FrontMatter:
    """Take a file apart; raise Unreadable where its front matter makes no sense.

    A file that does not begin with a line of three dashes is all body.
    """
    first, *_rest = text.split("\n", 1)
    if first.rstrip(" \t") != FENCE:
        return FrontMatter(node=None, body=text, body_line=1)
    begin = len(first) + 1
    found = _closing(text, begin)
    if found is None:
        raise Unreadable(
            "The front matter, which these dashes begin, never ends: add another line"
            f" of dashes, and nothing else in it, after it. {REMEDY}.",
            1,
        )
    end, body_begin = found
    header = text[begin:end]
    if len(header) > LONGEST:
        raise Unreadable(
            f"This front matter has {len(header)} characters: {LONGEST} at most."
            f" {REMEDY}.",
            1,
        )
    node = compose(header, 2)
    if not (node is None or isinstance(node, Pairs)):
        raise Unreadable(
            f"This front matter is {called(node)}: write names with values, such as"
            f" `title: …`. {REMEDY}.",
            node.line,
        )
    return FrontMatter(
        node=node,
        body=text[body_begin:],
        body_line=3 + header.count("\n"),
    )


def _closing(text: str, start: int) -> tuple[int, int] | None:
    """Return where the line begins that ends the front matter, and what is after it."""
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if text[start:end].rstrip(" \t") == FENCE:
            return start, end + 1
        start = end + 1
    return None
