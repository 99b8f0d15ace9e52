"""What there is to know of one direction."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from streams.core.directions import BLOCKS


def gettext_noop(text: str) -> str:
    """Mark a text to be translated where it is shown."""
    return text


class Group(StrEnum):
    """What directions are about."""

    TIME = gettext_noop("Time")
    MODEL = gettext_noop("What a model does")
    PIECES = gettext_noop("Pieces")
    FAULTS = gettext_noop("Faults")


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionKind:
    """One direction, for those who read scripts and those who write them."""

    name: str
    parse: Callable[[str], object]
    """Returns what the argument says; raises ValueError, with the remedy."""
    group: Group
    help: str
    """In English; marked for translation."""
    argument: str = ""
    """How its argument is written; optional where in brackets."""
    sample: str = ""
    """An argument to begin with."""
    inside: str = ""
    """A text to begin with, for a direction that `/name` closes."""

    @property
    def usage(self) -> str:
        """How it is written, without the comment around it."""
        usage = f"{self.name} {self.argument}".strip()
        return f"{usage} … /{self.name}" if self.closed else usage

    @property
    def closed(self) -> bool:
        """Whether `/name` closes it."""
        return self.name in BLOCKS

    @property
    def opening(self) -> str:
        """The direction itself, with an argument to begin with."""
        words = f"{self.name} {self.sample}".strip()
        return f"<!-- stream: {words} -->"

    @property
    def closing(self) -> str:
        """What closes it; empty for what needs no closing."""
        return f"<!-- stream: /{self.name} -->" if self.closed else ""

    @property
    def example(self) -> str:
        """What can be put into a script as it is."""
        return f"{self.opening}{self.inside}{self.closing}"
