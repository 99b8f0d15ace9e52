"""An answer in pieces, for formats that send the arguments of a tool call at once."""

import json
from collections.abc import Iterable

from streams.core.directions import Channel, ToolCall
from streams.core.steps import Step
from streams.formats.reply import Part, Reply


class Pieces:
    """Takes the steps of an answer; gives text as it comes and tool calls when whole.

    A call whose arguments are cut off, by the caller's limit of tokens, is none.
    """

    def __init__(self) -> None:
        self._tool = ToolCall("", "")
        self._left = 0
        """Code points of its arguments that are still to come."""

    def take(self, step: Step) -> Part | None:
        """Return what can be sent now, if there is something."""
        if step.direction is not None:
            if isinstance(step.direction.value, ToolCall):
                self._tool = step.direction.value
                self._left = len(self._tool.arguments)
            return None
        if step.channel != Channel.TOOL:
            return Part(channel=step.channel, text=step.text)
        self._left -= len(step.text)
        if self._left:
            return None
        text = self._tool.arguments
        return Part(channel=Channel.TOOL, name=self._tool.name, text=text)


def whole_parts(steps: Iterable[Step]) -> list[Part]:
    """Return the parts of a whole answer, without a tool call that was cut off."""
    parts = Reply(steps).parts
    return [part for part in parts if part.channel != Channel.TOOL or _is_json(part)]


def arguments(part: Part) -> object:
    """Return a tool call's arguments as a JSON object."""
    return json.loads(part.text)


def _is_json(part: Part) -> bool:
    try:
        arguments(part)
    except ValueError:
        return False
    return True
