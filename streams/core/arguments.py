"""What stands after a direction's name: a parser for each kind, raising ValueError.

A message says what was wrong, with which value, and what to write.
"""

import json
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from streams.core.acts import ERROR_KINDS, Act, Acting
from streams.core.directions import FINISH_REASONS, Delta, NamedEvent, ToolCall
from streams.core.encoding import dump_json
from streams.core.escapes import read_bytes

MAX_PAUSE = 600.0
"""Longest single pause, stall or recorded gap, in seconds."""

SPEEDS = (0.01, 100.0)
"""The slowest and the fastest."""

RESERVED_EVENTS = (
    *("open", "message", "done", "reset", "error", "stopped", "reasoning", "tool"),
    "goodbye",
)
"""Names of events that formats use themselves."""

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s)")
_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*[x×]?")
# What OpenAI allows in a function's name; the other vendors allow no less.
_TOOL = re.compile(r"(?P<name>[a-zA-Z0-9_-]{1,64})(?:\s+(?P<json>.*))?", re.DOTALL)
_EVENT = re.compile(r"(?P<name>[a-zA-Z][a-zA-Z0-9_.-]{0,63})(?:\s+(?P<json>.*))?", re.S)
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_DELTA = re.compile(r"(\d{1,7})@(\d{1,6}(?:\.\d{1,3})?)")


def meant(word: str, known: Iterable[str]) -> str:
    """Return the known word that was probably meant, as a question; or nothing."""
    close = get_close_matches(word[:40].lower(), list(known), n=1)
    return f": did you mean `{close[0]}`?" if close else ""


def duration(name: str) -> Callable[[str], float]:
    def parse(argument: str) -> float:
        written = f"{name} {argument[:80]}".strip()
        match = _DURATION.fullmatch(argument)
        if not match:
            raise ValueError(
                f"'{written}' has no duration that can be read:"
                f" write `{name} 800ms` or `{name} 1.5s`"
            )
        seconds = float(match["number"]) / (1000 if match["unit"] == "ms" else 1)
        if seconds > MAX_PAUSE:
            raise ValueError(f"'{written}' is longer than {MAX_PAUSE:g}s, the most")
        return seconds

    return parse


def speed(argument: str) -> float:
    match = _SPEED.fullmatch(argument)
    slowest, fastest = SPEEDS
    if not match:
        raise ValueError(
            f"'speed {argument[:40]}' is no speed: write `speed 2x` for twice as fast,"
            " `speed 0.5x` for half"
        )
    if not slowest <= float(match[1]) <= fastest:
        raise ValueError(
            f"'speed {argument[:40]}' is not from {slowest:g}x to {fastest:g}x"
        )
    return float(match[1])


def timing(argument: str) -> tuple[Delta, ...]:
    """Parse `5@320 3@41`: code points, and milliseconds since those before."""
    deltas = []
    for written in argument.split():
        match = _DELTA.fullmatch(written)
        if not match or not int(match[1]):
            raise ValueError(
                f"`timing` cannot read '{written[:40]}': write `timing 5@320 3@41`,"
                " for 5 characters after 320 ms, and 3 more after another 41 ms"
            )
        gap = float(match[2]) / 1000
        if gap > MAX_PAUSE:
            raise ValueError(
                f"'{written}' waits longer than {MAX_PAUSE:g} s, the most for one gap"
            )
        deltas.append(Delta(int(match[1]), gap))
    if not deltas:
        raise ValueError("`timing` needs a list: write `timing 5@320 3@41`")
    return tuple(deltas)


def tool(argument: str) -> ToolCall:
    match = _TOOL.fullmatch(argument)
    remedy = 'write `tool get_weather {"city": "Oslo"}`'
    if not match:
        raise ValueError(
            f"'tool {argument[:40]}' names no function: {remedy}; a name has letters,"
            " digits, _ and - only"
        )
    what = f"the arguments of '{match['name']}'"
    written = match["json"] or "{}"
    # A model's own arguments, white space and all, as recordings keep them.
    verbatim = written.removeprefix("verbatim").strip()
    arguments = _json(verbatim, what, "are", remedy)
    if not arguments.startswith("{"):
        raise ValueError(f"{what} are no JSON object: {remedy}")
    if verbatim != written:
        arguments = verbatim.replace(r"--\u003e", "-->")
    return ToolCall(match["name"], arguments)


def event(argument: str) -> NamedEvent:
    match = _EVENT.fullmatch(argument)
    remedy = 'write `event progress {"percent": 40}`'
    if not match:
        raise ValueError(
            f"'event {argument[:40]}' names no event: {remedy}; a name begins with a"
            " letter and has letters, digits, _, . and - only"
        )
    name = match["name"]
    if name in RESERVED_EVENTS:
        taken = ", ".join(RESERVED_EVENTS)
        raise ValueError(
            f"'event {name}' would pass for an event of the format itself: choose"
            f" another name, such as `my-{name}`; taken are {taken}"
        )
    data = _json(match["json"] or "{}", f"the data of '{name}'", "is", remedy)
    return NamedEvent(name, dump_json(json.loads(data)))


def _json(text: str, what: str, verb: str, remedy: str) -> str:
    """Return JSON, compact; raise ValueError for what is none."""
    try:
        # Python reads and writes numbers that JSON has not: NaN, Infinity, 1e999.
        compact = json.dumps(
            json.loads(text),
            ensure_ascii=False,
            separators=(",", ":"),
            allow_nan=False,
        )
    except RecursionError:
        raise ValueError(f"{what} {verb} nested too deeply") from None
    except ValueError as error:
        raise ValueError(
            f"{what} {verb} not JSON ({error}): {remedy}"
            r" (and for --> in a string, --\u003e)"
        ) from None
    # An escape can write what UTF-8 cannot: half of a surrogate pair.
    return compact.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def finish(argument: str) -> str:
    if argument not in FINISH_REASONS:
        raise ValueError(
            f"'finish {argument[:40]}' is no reason to finish"
            f"{meant(argument, FINISH_REASONS)}: write one of"
            f" {', '.join(FINISH_REASONS)}"
        )
    return argument


def hold(argument: str) -> Acting:
    if argument and not _NAME.fullmatch(argument):
        raise ValueError(
            f"'hold {argument[:40]}' has no name that can be read: write `hold`, or"
            " `hold NAME` with letters, digits, _, . and - only"
        )
    return Acting(act=Act.HOLD, name=argument)


def stall(argument: str) -> Acting:
    return Acting(act=Act.STALL, seconds=duration("stall")(argument))


def cutting(act: Act) -> Callable[[str], Acting]:
    def parse(argument: str) -> Acting:
        if argument not in ("", "always"):
            raise ValueError(
                f"'{act} {argument[:40]}' is not understood: write `{act}`, or"
                f" `{act} always` for connections that go on from here, too"
            )
        return Acting(act=act, always=bool(argument))

    return parse


def error(argument: str) -> Acting:
    if argument and argument not in ERROR_KINDS:
        raise ValueError(
            f"'error {argument[:40]}' is no kind of error"
            f"{meant(argument, ERROR_KINDS)}: write `error`, or one of"
            f" {', '.join(ERROR_KINDS)} after it"
        )
    return Acting(act=Act.ERROR, name=argument)


def acting(act: Act) -> Callable[[str], Acting]:
    nothing = without(act)

    def parse(argument: str) -> Acting:
        nothing(argument)
        return Acting(act=act)

    return parse


def emit(argument: str) -> Acting:
    if not argument:
        raise ValueError(r"`emit` needs bytes: write `emit data: x\n\n`")
    return Acting(act=Act.EMIT, data=read_bytes(argument))


def without(name: str) -> Callable[[str], None]:
    def parse(argument: str) -> None:
        if argument:
            raise ValueError(
                f"`{name}` takes nothing after it, and has '{argument[:40]}'"
            )

    return parse
