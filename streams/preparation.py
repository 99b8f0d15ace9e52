"""What happens before the first byte, once the stream is found: choose and plan.

All of it is synchronous and runs in one thread, so the database is used here and
nowhere later; whatever can fail fails here, as a `Problem`.
"""

import re
import time
from dataclasses import dataclass, replace
from random import getrandbits
from typing import Any
from uuid import uuid4

from streams.admission import Ticket
from streams.conf import conf
from streams.core.cache import WeightedCache
from streams.core.hurry import may_take_time
from streams.core.parameters import parse_overrides
from streams.core.plan import Plan
from streams.exceptions import Problem, ScriptError
from streams.formats.base import Context, Usage
from streams.formats.call import Call
from streams.models import Revision, Script, Stream
from streams.models.script import PREFIX_LENGTH, Content
from streams.usage import count_usage

UNEXPECTED = Problem(
    status=500,
    code="internal_error",
    message="Something failed on the server before the stream began. It is logged.",
)

_EVENT_ID = re.compile(rf"([0-9a-f]{{{PREFIX_LENGTH}}})-([0-9]{{1,10}})")

# The contents whose revision this process knows to be recorded.
_recorded: WeightedCache[bool] = WeightedCache(10_000, lambda recorded: 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """With a call, all that decides what is played: enough to play it again, on any
    worker, whatever becomes of script and stream. JSON holds it."""

    script: int
    """Primary key."""
    revision: str
    """Digest prefix."""
    seed: int
    settings: dict[str, Any]
    """Of pace and pieces; see `Timing.settings`."""
    run_id: str
    started: float
    """In seconds of the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A stream that is ready to play."""

    stream: Stream
    content: Content
    plan: Plan
    context: Context
    pin: Pin
    position: int = 0
    """Where a resumed stream goes on."""
    finished: bool
    """The client has seen the end already: there is nothing to play."""
    ticket: Ticket | None = None
    """The right to play it, where that was had before something was kept."""

    def beginning(self, at: float) -> "Prepared":
        """Return the same, to begin at another moment, in seconds of the epoch."""
        pin = replace(self.pin, started=at)
        context = replace(self.context, created=int(at))
        return replace(self, pin=pin, context=context)


def prepare(stream: Stream, call: Call, *, counts_tokens: bool = False) -> Prepared:
    """Prepare a stream for a caller who may play it; raise Problem where that fails."""
    overrides = parse_overrides(call.overrides, max_speed=stream.max_speed)
    chosen = overrides.pop("seed", stream.seed)
    # 32 bits, so that a person can type it back.
    seed = getrandbits(32) if chosen is None else int(str(chosen))
    content, position, reset = _resume(stream, call.last_event_id)
    pin = Pin(
        script=stream.script_id,
        revision=content.content_digest()[:PREFIX_LENGTH],
        seed=seed,
        settings=stream.settings(overrides),
        run_id=uuid4().hex,
        started=time.time(),
    )
    prepared = _planned(
        stream, content, call, pin, position, reset, counts_tokens=counts_tokens
    )
    _refuse_too_long(stream, prepared.plan)
    # Not before: to count tokens for the first time takes a second.
    return prepared.beginning(time.time())


def prepare_again(
    stream: Stream, call: Call, pin: Pin, *, counts_tokens: bool = False
) -> Prepared | None:
    """Prepare what was played before, from its start; None if its script is gone."""
    revisions = Revision.objects.filter(script=pin.script)
    content = revisions.with_prefix(pin.revision).first()
    if content is None:
        return None
    return _planned(stream, content, call, pin, counts_tokens=counts_tokens)


def _planned(
    stream: Stream,
    content: Content,
    call: Call,
    pin: Pin,
    position: int = 0,
    reset: str = "",
    *,
    counts_tokens: bool,
) -> Prepared:
    try:
        plan, said = stream.plan(content, call, seed=pin.seed, overrides=pin.settings)
    except ScriptError as error:
        raise Problem(
            status=500,
            code="script_error",
            message=f"The script of stream '{stream.slug}' cannot be played: {error}.",
        ) from error
    left = plan.after(position) if position else plan
    context = Context(
        run_id=pin.run_id,
        slug=stream.slug,
        revision=pin.revision,
        seed=pin.seed,
        retry_ms=stream.retry_ms,
        end=plan.steps.end,
        reset=reset,
        call=call,
        created=int(pin.started),
        finish=said.finish,
        stopped_at=said.stopped_at,
        usage=count_usage(call, content, said.steps) if counts_tokens else Usage(),
        ttft=left.due[0] if left.due else left.duration,
        duration=left.duration,
    )
    return Prepared(
        stream=stream,
        content=content,
        plan=left,
        context=context,
        pin=pin,
        position=position,
        finished=position >= context.done_position,
    )


def _refuse_too_long(stream: Stream, plan: Plan) -> None:
    most = most_seconds(stream)
    if most is not None and plan.duration > most:
        raise Problem(
            status=400,
            code="stream_too_long",
            message=(
                f"Stream '{stream.slug}' would take {plan.duration:,.0f} s; at most"
                f" {most:,} s are allowed. Ask for more `speed`."
            ),
            param="speed",
        )


def most_seconds(stream: Stream) -> int | None:
    """Return how long a play may take: the smaller of the stream's and the site's."""
    return _smaller(stream.max_duration_s, conf.max_duration)


def most_bytes(stream: Stream) -> int | None:
    """Return how large a play may be: the smaller of the stream's and the site's."""
    return _smaller(stream.max_bytes, conf.max_bytes)


def _smaller(*limits: int | None) -> int | None:
    return min((one for one in limits if one is not None), default=None)


def _resume(stream: Stream, last_event_id: str) -> tuple[Content, int, str]:
    """Return what to play, from which position, and why it starts over if it must."""
    script: Script = stream.script
    if not last_event_id:
        return _current(script), 0, ""
    match = _EVENT_ID.fullmatch(last_event_id)
    if not match:
        return _current(script), 0, "Last-Event-ID is not one of this stream's ids"
    prefix, position = match[1], int(match[2])
    if script.content_digest().startswith(prefix):
        return _current(script), position, ""
    may_take_time()
    # Among this script's own only: an id must not open what its stream does not.
    revision = Revision.objects.filter(script=script).with_prefix(prefix).first()
    if revision is None:
        return _current(script), 0, "the text this stream began with is gone"
    return revision, position, ""


def _current(script: Script) -> Script:
    """Return the script, making sure that this state of it can be found again.

    `save()` records revisions; a bulk update or a fixture does not.
    """

    def record() -> bool:
        script.record_revision()
        return True

    _recorded.get((script.pk, script.content_digest()), record)
    return script
