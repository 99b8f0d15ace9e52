"""The directions that a script may hold: what each is called, takes and does.

The admin's list, the document and the parser are all made from here.
"""

from collections.abc import Callable

from streams.core import arguments
from streams.core.acts import Act
from streams.core.arguments import meant
from streams.core.direction_kind import DirectionKind, Group, gettext_noop
from streams.core.directions import BLOCKS


def _block(name: str, group: Group, inside: str, help: str) -> DirectionKind:
    return DirectionKind(
        name=name,
        parse=arguments.without(name),
        group=group,
        inside=inside,
        help=help,
    )


def _act(act: Act, help: str) -> DirectionKind:
    return DirectionKind(
        name=act, parse=arguments.acting(act), group=Group.FAULTS, help=help
    )


DIRECTIONS: tuple[DirectionKind, ...] = (
    DirectionKind(
        name="pause",
        parse=arguments.duration("pause"),
        group=Group.TIME,
        argument="800ms",
        sample="800ms",
        help=gettext_noop(
            "nothing is sent for that long, in ms or s, beyond the usual delay; at most"
            " 600 s"
        ),
    ),
    DirectionKind(
        name="speed",
        parse=arguments.speed,
        group=Group.TIME,
        argument="2x",
        sample="2x",
        help=gettext_noop(
            "from here on everything, pauses too, is so many times as fast, on top of"
            " the speed that a request asks for; speed 1x ends it"
        ),
    ),
    DirectionKind(
        name="hold",
        parse=arguments.hold,
        group=Group.TIME,
        argument="[NAME]",
        help=gettext_noop(
            "the stream stands still until somebody releases it; a name tells one hold"
            " from another"
        ),
    ),
    DirectionKind(
        name="timing",
        parse=arguments.timing,
        group=Group.TIME,
        argument="LIST",
        sample="5@320 3@41",
        help=gettext_noop(
            "recorded pacing: the next piece is 5 characters long and comes after"
            " 320 ms, then 3 after another 41 ms; after the list, the stream's settings"
            " apply again"
        ),
    ),
    _block(
        "reasoning",
        Group.MODEL,
        "Let me think.",
        gettext_noop("the text between is what a model thinks before it answers"),
    ),
    _block(
        "refusal",
        Group.MODEL,
        "I cannot help with that.",
        gettext_noop("the text between says why a model will not answer"),
    ),
    DirectionKind(
        name="tool",
        parse=arguments.tool,
        group=Group.MODEL,
        argument="NAME {JSON}",
        sample='get_weather {"city": "Oslo"}',
        help=gettext_noop(
            "the model calls a function: its name, and its arguments as a JSON object,"
            " which are streamed in chunks like text"
        ),
    ),
    DirectionKind(
        name="finish",
        parse=arguments.finish,
        group=Group.MODEL,
        argument="REASON",
        sample="length",
        help=gettext_noop(
            "why the text ends, for formats that say so: stop, length, tool_calls or"
            " content_filter; without it, tool_calls after a tool call, else stop"
        ),
    ),
    DirectionKind(
        name="event",
        parse=arguments.event,
        group=Group.MODEL,
        argument="NAME {JSON}",
        sample='progress {"percent": 40}',
        help=gettext_noop(
            "an event of that name with JSON as its data, for formats that have a place"
            " for it; the others leave it out"
        ),
    ),
    DirectionKind(
        name="cut",
        parse=arguments.without("cut"),
        group=Group.PIECES,
        help=gettext_noop("a chunk ends here, whatever the stream's unit is"),
    ),
    _block(
        "together",
        Group.PIECES,
        "all of this",
        gettext_noop("the text between is one chunk, whatever the stream's unit is"),
    ),
    _block(
        "literal",
        Group.PIECES,
        "<!-- stream: this is text -->",
        gettext_noop("the text between is said as it stands, stream: comments too"),
    ),
    DirectionKind(
        name="drop",
        parse=arguments.cutting(Act.DROP),
        group=Group.FAULTS,
        argument="[always]",
        help=gettext_noop(
            "the connection is cut; who goes on from here is not cut again, unless it"
            " says always"
        ),
    ),
    DirectionKind(
        name="truncate",
        parse=arguments.cutting(Act.TRUNCATE),
        group=Group.FAULTS,
        argument="[always]",
        help=gettext_noop(
            "the response ends as if all were well, but without what closes a stream in"
            " its format"
        ),
    ),
    DirectionKind(
        name="stall",
        parse=arguments.stall,
        group=Group.FAULTS,
        argument="5s",
        sample="5s",
        help=gettext_noop("nothing is sent for that long, not even a heartbeat"),
    ),
    DirectionKind(
        name="error",
        parse=arguments.error,
        group=Group.FAULTS,
        argument="[TYPE]",
        sample="overloaded",
        help=gettext_noop(
            "the stream fails as the vendor's own would: server, overloaded,"
            " rate_limit, timeout or invalid_request"
        ),
    ),
    _act(Act.MALFORMED, gettext_noop("the next event is broken JSON")),
    _act(
        Act.SPLIT,
        gettext_noop(
            "the next event is sent in two writes, parted inside of a character or an"
            " escape"
        ),
    ),
    _act(Act.DUPLICATE, gettext_noop("the next event is sent twice")),
    _act(Act.REORDER, gettext_noop("the next event comes after the one that follows")),
    DirectionKind(
        name="emit",
        parse=arguments.emit,
        group=Group.FAULTS,
        argument="BYTES",
        sample=r"data: \xff\n\n",
        help=gettext_noop(
            r"these bytes are sent as they are, for hostile tests; the escapes \n \r \t"
            r" \0 \\ \x0a \u4e2d stand for bytes and characters. Needs a permission"
        ),
    ),
)
"""In the order in which people read them."""

PARSERS: dict[str, Callable[[str], object]] = {
    **{kind.name: kind.parse for kind in DIRECTIONS},
    **{f"/{name}": arguments.without(f"/{name}") for name in BLOCKS},
}

# What people who know other tools write.
_OTHER_WORDS = {
    **dict.fromkeys(("wait", "sleep", "delay"), "pause"),
    **dict.fromkeys(("think", "thinking", "thought"), "reasoning"),
    **dict.fromkeys(("function", "call", "tool_call", "tool_use"), "tool"),
    **dict.fromkeys(("verbatim", "raw"), "literal"),
    **dict.fromkeys(("disconnect", "close"), "drop"),
    "fail": "error",
    "bytes": "emit",
    "chunk": "together",
}


def parser(name: str) -> Callable[[str], object]:
    """Return a direction's parser; raise ValueError for an unknown one."""
    if name in PARSERS:
        return PARSERS[name]
    if not name:
        raise ValueError(f"a direction without a name; known: {_known()}")
    # Cut short, since messages are read by people.
    unknown = f"unknown direction '{name[:40]}'"
    if other := _OTHER_WORDS.get(name.lower()):
        raise ValueError(f"{unknown}: did you mean `{other}`?")
    raise ValueError(f"{unknown}{meant(name, PARSERS) or f'; known: {_known()}'}")


def _known() -> str:
    return ", ".join(kind.name for kind in DIRECTIONS)
