"""A whole answer, put together from its steps: for formats that need it at the end."""

from collections.abc import Iterable
from io import StringIO

from streams.core.directions import Channel, ToolCall
from streams.core.steps import Step


class Part:
    """What was said in one channel without a break, or one tool call."""

    __slots__ = ("_text", "channel", "name")

    def __init__(self, *, channel: Channel, text: str = "", name: str = "") -> None:
        self.channel = channel
        self.name = name
        """The function's, for a tool call."""
        # Adding to a string copies it: a million characters, one by one, take minutes.
        self._text = StringIO(newline="\n")
        self._text.write(text)

    @property
    def text(self) -> str:
        return self._text.getvalue()

    def add(self, text: str) -> None:
        self._text.write(text)


class Reply:
    """The parts of an answer, as they come."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self.parts: list[Part] = []
        for step in steps:
            self.add(step)

    def add(self, step: Step) -> bool:
        """Take a step in; tell whether it begins a part.

        Directions that are no tool call, and steps without text, change nothing.
        """
        if step.direction is not None:
            if not isinstance(step.direction.value, ToolCall):
                return False
            name = step.direction.value.name
            self.parts.append(Part(channel=Channel.TOOL, name=name))
            return True
        begins = not self.parts or self.parts[-1].channel != step.channel
        if begins:
            self.parts.append(Part(channel=step.channel))
        self.parts[-1].add(step.text)
        return begins

    def text(self, channel: Channel = Channel.ANSWER) -> str:
        """Return all that was said in a channel."""
        return "".join(part.text for part in self.parts if part.channel == channel)

    @property
    def tools(self) -> list[Part]:
        return [part for part in self.parts if part.channel == Channel.TOOL]
