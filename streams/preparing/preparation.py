"""What happens before the first byte, once the stream is found: choose and plan.

All of it is synchronous and runs in one thread, so the database is used here and
nowhere later; whatever can fail fails here, as a `Problem`.
"""

import time
from dataclasses import dataclass, field, replace
from random import getrandbits
from typing import Any, NamedTuple
from uuid import uuid4

from streams.core.extent import Extent
from streams.core.faults import Fault
from streams.core.parameters import parse_overrides
from streams.core.plan import Plan
from streams.exceptions import Problem, ScriptError
from streams.formats.base import Context, Usage
from streams.formats.call import Call
from streams.models import Stream
from streams.models.rule import DEFAULT
from streams.models.script import PREFIX_LENGTH, Content
from streams.playing.admission import Ticket
from streams.preparing.beginning import Beginning, begin, with_prefix
from streams.preparing.choosing import Counters, Counting
from streams.preparing.faulting import Arming, arm, first_due, marked
from streams.preparing.limits import refuse_too_long
from streams.preparing.usage import count_usage

UNEXPECTED = Problem(
    status=500,
    code="internal_error",
    message="Something failed on the server before the stream began. It is logged.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """With a call, all that decides what is played: enough to play it again, on any
    worker, whatever becomes of script and stream. JSON holds it."""

    script: int
    """Primary key."""
    rule: str = DEFAULT
    """Title of the one that chose the script."""
    revision: str
    """Digest prefix."""
    seed: int
    settings: dict[str, Any]
    """Of pace and pieces; see `Timing.settings`."""
    faults: list[list[str]] = field(default_factory=list)
    """What goes wrong each time; see `Arming.to_keep`."""
    run_id: str
    started: float
    """In seconds of the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A stream that is ready to play."""

    stream: Stream
    content: Content
    script: str
    """Slug of the script that the content is of."""
    plan: Plan
    context: Context
    pin: Pin
    position: int = 0
    """Where a resumed stream goes on."""
    faults: tuple[Fault, ...] = ()
    """What is to go wrong."""
    finished: bool
    """The client has seen the end already: there is nothing to play."""
    ticket: Ticket | None = None
    """The right to play it, where that was had before something was kept."""

    def beginning(self, at: float) -> "Prepared":
        """Return the same, to begin at another moment, in seconds of the epoch."""
        pin = replace(self.pin, started=at)
        context = replace(self.context, created=int(at))
        return replace(self, pin=pin, context=context)


def prepare(
    stream: Stream,
    call: Call,
    *,
    counts_tokens: bool = False,
    counting: Counting = Counting.CALL,
) -> Prepared:
    """Prepare a stream for a caller who may play it; raise Problem where that fails.

    `counting` says whether this is one more call of its session.
    """
    overrides = parse_overrides(call.overrides, max_speed=stream.max_speed)
    chosen = overrides.pop("seed", stream.seed)
    # 32 bits, so that a person can type it back.
    seed = getrandbits(32) if chosen is None else int(str(chosen))
    counters = Counters(stream, call, counting)
    started = begin(stream, call, counters)
    arming = arm(
        stream,
        call,
        seed=seed,
        speed=float(str(overrides.get("speed", 1))),
        number=counters.number,
        of_rule=started.fault,
        resumed=started.position > 0,
    )
    settings = stream.settings(overrides)
    laid = _lay_out(
        stream, started, call, arming, seed, settings, counts_tokens=counts_tokens
    )
    pin = Pin(
        script=started.script.pk,
        rule=started.rule,
        revision=started.content.content_digest()[:PREFIX_LENGTH],
        seed=seed,
        settings=settings,
        faults=arming.to_keep(),
        run_id=uuid4().hex,
        # Not before: to count tokens for the first time takes a second.
        started=time.time(),
    )
    prepared = _prepared(stream, started, call, pin, laid)
    if counting != Counting.PREVIEW:
        arming.refuse(lambda: about(prepared), call)
    refuse_too_long(stream, prepared.plan)
    return prepared


def prepare_again(
    stream: Stream, call: Call, pin: Pin, *, counts_tokens: bool = False
) -> Prepared | None:
    """Prepare what was played before, from its start; None if its script is gone."""
    revision = with_prefix({pin.script}, pin.revision)
    if revision is None:
        return None
    started = Beginning(content=revision, script=revision.script, rule=pin.rule)
    arming = Arming.again(pin.faults, speed=pin.settings.get("speed", 1.0))
    laid = _lay_out(
        stream,
        started,
        call,
        arming,
        pin.seed,
        pin.settings,
        counts_tokens=counts_tokens,
    )
    return _prepared(stream, started, call, pin, laid)


def about(prepared: Prepared) -> dict[str, Any]:
    """Return what the journal is to know of a run, as far as it is known by now."""
    pin, call = prepared.pin, prepared.context.call
    return {
        "run_id": pin.run_id,
        "stream": prepared.context.slug,
        "script": prepared.script,
        "revision": pin.revision,
        "rule": pin.rule,
        "session": call.session,
        "seed": pin.seed,
        "position": prepared.position,
        "faults": [str(fault) for fault in prepared.faults if not fault.kind.is_act],
        "started": time.time(),
    }


class _Laid(NamedTuple):
    """What is going to be played, and what is known of it beforehand."""

    plan: Plan
    """From where the client is, with the faults in it."""
    faults: tuple[Fault, ...]
    end: int
    said: Extent
    usage: Usage


def _lay_out(
    stream: Stream,
    started: Beginning,
    call: Call,
    arming: Arming,
    seed: int,
    settings: dict[str, Any],
    *,
    counts_tokens: bool,
) -> _Laid:
    content, position = started.content, started.position
    try:
        plan, said = stream.plan(content, call, seed=seed, overrides=settings)
    except ScriptError as error:
        raise Problem(
            status=500,
            code="script_error",
            message=(
                f"Script '{started.script.slug}' of stream '{stream.slug}' cannot be"
                f" played: {error}."
            ),
        ) from error
    left = plan.after(position) if position else plan
    left, faults = arming.inject(left, position)
    usage = count_usage(call, content, said.steps) if counts_tokens else Usage()
    return _Laid(left, faults, plan.steps.end, said, usage)


def _prepared(
    stream: Stream, started: Beginning, call: Call, pin: Pin, laid: _Laid
) -> Prepared:
    context = Context(
        run_id=pin.run_id,
        slug=stream.slug,
        revision=pin.revision,
        seed=pin.seed,
        retry_ms=stream.retry_ms,
        end=laid.end,
        reset=started.reset,
        call=call,
        created=int(pin.started),
        finish=laid.said.finish,
        stopped_at=laid.said.stopped_at,
        usage=laid.usage,
        ttft=first_due(laid.plan),
        duration=laid.plan.duration,
        fault=marked(laid.plan, laid.faults, stream=call.stream),
    )
    return Prepared(
        stream=stream,
        content=started.content,
        script=started.script.slug,
        plan=laid.plan,
        context=context,
        pin=pin,
        position=started.position,
        faults=laid.faults,
        finished=started.position >= context.done_position,
    )
