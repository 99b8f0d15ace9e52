"""What happens before the first byte, once the stream is found: choose and plan.

All of it is synchronous and runs in one thread, so the database is used here and
nowhere later; whatever can fail fails here, as a `Problem`.
"""

import time
from dataclasses import dataclass, field, replace
from random import getrandbits
from typing import Any
from uuid import uuid4

from streams.admission import Ticket
from streams.beginning import Beginning, begin, with_prefix
from streams.choosing import Counters, Counting
from streams.conf import conf
from streams.core.faults import Fault
from streams.core.parameters import parse_overrides
from streams.core.plan import Plan
from streams.exceptions import Problem, ScriptError
from streams.faulting import Arming, arm, first_due, marked
from streams.formats.base import Context, Usage
from streams.formats.call import Call
from streams.models import Stream
from streams.models.rule import DEFAULT
from streams.models.script import PREFIX_LENGTH, Content
from streams.usage import count_usage

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
    pin = Pin(
        script=started.script.pk,
        rule=started.rule,
        revision=started.content.content_digest()[:PREFIX_LENGTH],
        seed=seed,
        settings=stream.settings(overrides),
        faults=arming.to_keep(),
        run_id=uuid4().hex,
        started=time.time(),
    )
    prepared = _planned(stream, started, call, pin, arming, counts_tokens=counts_tokens)
    if counting != Counting.PREVIEW:
        arming.refuse(lambda: about(prepared), call)
    _refuse_too_long(stream, prepared.plan)
    # Not before: to count tokens for the first time takes a second.
    return prepared.beginning(time.time())


def prepare_again(
    stream: Stream, call: Call, pin: Pin, *, counts_tokens: bool = False
) -> Prepared | None:
    """Prepare what was played before, from its start; None if its script is gone."""
    revision = with_prefix({pin.script}, pin.revision)
    if revision is None:
        return None
    started = Beginning(content=revision, script=revision.script, rule=pin.rule)
    arming = Arming.again(pin.faults, speed=pin.settings.get("speed", 1.0))
    return _planned(stream, started, call, pin, arming, counts_tokens=counts_tokens)


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


def _planned(
    stream: Stream,
    started: Beginning,
    call: Call,
    pin: Pin,
    arming: Arming,
    *,
    counts_tokens: bool,
) -> Prepared:
    content, position = started.content, started.position
    try:
        plan, said = stream.plan(content, call, seed=pin.seed, overrides=pin.settings)
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
    context = Context(
        run_id=pin.run_id,
        slug=stream.slug,
        revision=pin.revision,
        seed=pin.seed,
        retry_ms=stream.retry_ms,
        end=plan.steps.end,
        reset=started.reset,
        call=call,
        created=int(pin.started),
        finish=said.finish,
        stopped_at=said.stopped_at,
        usage=count_usage(call, content, said.steps) if counts_tokens else Usage(),
        ttft=first_due(left),
        duration=left.duration,
        fault=marked(left, faults, stream=call.stream),
    )
    return Prepared(
        stream=stream,
        content=content,
        script=started.script.slug,
        plan=left,
        context=context,
        pin=pin,
        position=position,
        faults=faults,
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
