"""What is known of some members of a sequence, by index, when others leave or come."""

from collections.abc import Mapping
from typing import TypeVar

_Value = TypeVar("_Value")


def since(index: int, at: Mapping[int, _Value]) -> dict[int, _Value]:
    """Return what is known of the members from `index` on, once they are alone."""
    return {i - index: value for i, value in at.items() if i >= index}


def until(index: int, at: Mapping[int, _Value]) -> dict[int, _Value]:
    """Return what is known of the members before `index`."""
    return {i: value for i, value in at.items() if i < index}


def with_room(index: int, at: Mapping[int, _Value]) -> dict[int, _Value]:
    """Return what is known once another member comes before that at `index`."""
    return {i + (i >= index): value for i, value in at.items()}
