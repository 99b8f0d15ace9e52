"""What a YAML text is made of, each part with its line."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, a switch: whoever reads it knows which it is to be."""

    text: str
    line: int
    quoted: bool = False
    """In quotes, or a block: certainly a text."""

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: "tuple[Node, ...]"
    line: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names with values, as they were written: a name may be there twice."""

    pairs: "tuple[tuple[Scalar, Node], ...]"
    line: int


Node = Scalar | Items | Pairs


def called(node: Node) -> str:
    """Say what a node is, for messages."""
    if isinstance(node, Items):
        return "a list"
    return "a table of names and values" if isinstance(node, Pairs) else "a value"
