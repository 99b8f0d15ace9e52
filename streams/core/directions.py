"""What a script may direct: each direction's name, argument and meaning."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

MAX_PAUSE = 600.0
"""Longest single pause, in seconds."""

FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter")

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s)")
# What OpenAI allows in a function's name; the other vendors allow no less.
_TOOL = re.compile(r"(?P<name>[a-zA-Z0-9_-]{1,64})(?:\s+(?P<arguments>.*))?", re.DOTALL)


class Channel(IntEnum):
    """Whom a piece of text is for."""

    ANSWER = 0
    """What the reader reads."""
    REASONING = 1
    """What a model thinks before it answers."""
    REFUSAL = 2
    """Why a model will not answer; OpenAI's formats keep it apart."""
    TOOL = 3
    """The arguments of a tool call, JSON."""


CHANNELS: Mapping[str, Channel] = {
    "reasoning": Channel.REASONING,
    "refusal": Channel.REFUSAL,
}
"""The directions that open a channel, which `/name` closes."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks its caller to run a function."""

    name: str
    arguments: str
    """A JSON object, compact."""


def _parse_pause(argument: str) -> float:
    written = f"pause {argument[:80]}".strip()
    match = _DURATION.fullmatch(argument)
    if not match:
        raise ValueError(
            f"'{written}' has no duration that can be read:"
            " write `pause 800ms` or `pause 1.5s`"
        )
    seconds = float(match["number"]) / (1000 if match["unit"] == "ms" else 1)
    if seconds > MAX_PAUSE:
        raise ValueError(f"'{written}' is longer than {MAX_PAUSE:g}s, the most")
    return seconds


def _parse_tool(argument: str) -> ToolCall:
    match = _TOOL.fullmatch(argument)
    remedy = 'write `tool get_weather {"city": "Oslo"}`'
    if not match:
        raise ValueError(
            f"'tool {argument[:40]}' names no function: {remedy}; a name has letters,"
            " digits, _ and - only"
        )
    name = match["name"]
    try:
        arguments = json.loads(match["arguments"] or "{}")
        # Python reads and writes numbers that JSON has not: NaN, Infinity, 1e999.
        text = json.dumps(
            arguments, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
    except RecursionError:
        raise ValueError(f"the arguments of '{name}' are nested too deeply") from None
    except ValueError as error:
        raise ValueError(
            f"the arguments of '{name}' are not JSON ({error}): {remedy}"
            r" (and for --> in a string, --\u003e)"
        ) from None
    if not isinstance(arguments, dict):
        raise ValueError(f"the arguments of '{name}' are no JSON object: {remedy}")
    # An escape can write what UTF-8 cannot: half of a surrogate pair.
    return ToolCall(
        name, text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def _parse_finish(argument: str) -> str:
    if argument not in FINISH_REASONS:
        raise ValueError(
            f"'finish {argument[:40]}' is no reason to finish: write one of"
            f" {', '.join(FINISH_REASONS)}"
        )
    return argument


def _without_argument(name: str) -> Callable[[str], None]:
    def parse(argument: str) -> None:
        if argument:
            raise ValueError(
                f"`{name}` takes nothing after it, and has '{argument[:40]}'"
            )

    return parse


DIRECTIONS: dict[str, Callable[[str], object]] = {
    "pause": _parse_pause,
    **{
        name: _without_argument(name)
        for channel in CHANNELS
        for name in (channel, f"/{channel}")
    },
    "tool": _parse_tool,
    "finish": _parse_finish,
}
"""Each direction's name and the parser of its argument, which raises ValueError."""
