"""Where a run begins: at the start of what the rules say, or where a client was."""

import re
from dataclasses import dataclass

from streams.core.cache import WeightedCache
from streams.core.faults import OVERRIDE
from streams.core.hurry import may_take_time
from streams.formats.call import Call
from streams.models import Revision, Script, Stream
from streams.models.rule import RESUMED
from streams.models.script import PREFIX_LENGTH, Content
from streams.preparing.choosing import (
    Counters,
    Counting,
    choose_script,
    playable_scripts,
)
from streams.preparing.overriding import script_asked_for

_EVENT_ID = re.compile(rf"([0-9a-f]{{{PREFIX_LENGTH}}})-([0-9]{{1,10}})")

# The contents whose revision this process knows to be recorded.
_recorded: WeightedCache[bool] = WeightedCache(10_000, lambda recorded: 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What is played to a caller, and from where."""

    content: Content
    script: Script
    """The one that the content is of."""
    rule: str
    """Names what chose it."""
    fault: int | None = None
    """Primary key of the fault that the rule brings."""
    position: int = 0
    reset: str = ""
    """Why a client that wanted to go on has to start over."""


def begin(stream: Stream, call: Call, counters: Counters) -> Beginning:
    """Return what to play: what a client has begun with, or what the rules say."""
    reset = ""
    asked = script_asked_for(stream, call)
    if call.last_event_id:
        found = _resume(stream, call.last_event_id, asked)
        if isinstance(found, Beginning):
            counters.counting = Counting.RESUMED
            return found
        reset = found
    if asked is not None:
        content = _current(asked)
        return Beginning(content=content, script=asked, rule=OVERRIDE, reset=reset)
    chosen = choose_script(stream, call, counters)
    return Beginning(
        content=_current(chosen.script),
        script=chosen.script,
        rule=chosen.rule,
        fault=chosen.fault,
        reset=reset,
    )


def _resume(
    stream: Stream, last_event_id: str, asked: Script | None
) -> Beginning | str:
    """Return where to go on, or why that cannot be.

    No rule is asked again: the id says what was played.
    """
    match = _EVENT_ID.fullmatch(last_event_id)
    if not match:
        return "Last-Event-ID is not one of this stream's ids"
    prefix, position = match[1], int(match[2])
    script: Script = stream.script
    content: Content = script
    if script.content_digest().startswith(prefix):
        _current(script)
    else:
        may_take_time()
        # Among those of its scripts only: an id must not open what the stream does not.
        scripts = playable_scripts(stream) | ({asked.pk} if asked else set())
        revision = with_prefix(scripts, prefix)
        if revision is None:
            return "the text this stream began with is gone"
        content, script = revision, revision.script
    return Beginning(content=content, script=script, rule=RESUMED, position=position)


def with_prefix(scripts: set[int], prefix: str) -> Revision | None:
    """Return a revision of one of the scripts by the beginning of its digest."""
    revisions = Revision.objects.filter(script__in=scripts).with_prefix(prefix)
    revisions = revisions.select_related("script").defer(
        "script__body", "script__notes"
    )
    return revisions.first()


def _current(script: Script) -> Script:
    """Return the script, making sure that this state of it can be found again.

    `save()` records revisions; a bulk update or a fixture does not.
    """

    def record() -> bool:
        script.record_revision()
        return True

    _recorded.get((script.pk, script.content_digest()), record)
    return script
