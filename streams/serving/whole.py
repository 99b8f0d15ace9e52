"""Answers in whole, for callers who do not want a stream."""

import asyncio
import time
from dataclasses import replace

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from streams.core.acts import Act, Acting
from streams.core.encoding import dump_json, to_utf8
from streams.core.faults import ENDINGS, acts
from streams.core.playback import ServerStops
from streams.core.steps import Step, Steps
from streams.exceptions import Problem
from streams.formats.base import Context, Format, Writer
from streams.formats.breaking import break_json
from streams.formats.failures import find_failure
from streams.http import NO_STORE, EventStreamResponse
from streams.playing.lane import Lane
from streams.playing.run import Run
from streams.playing.shutdown import clock
from streams.preparing.faulting import ON_WHOLE_ANSWERS
from streams.preparing.limits import most_bytes
from streams.preparing.preparation import Prepared
from streams.serving.recording import Recording

JSON = "application/json"


async def answer_whole(
    prepared: Prepared,
    wire_format: Format,
    headers: dict[str, str],
    recording: Recording,
    lane: Lane | None,
) -> HttpResponseBase:
    """Answer at once with all of it, when the last of it would have been said.

    What acts on a stream does to it what a server that fails would: the answer breaks
    off where the stream would, or is an error.
    """
    entry, plan = recording.entry, prepared.plan
    recording.begin()
    most = most_bytes(prepared.stream)
    found = [one for one in acts(plan.steps) if one[1].act in ON_WHOLE_ANSWERS]
    last, acting, _ = found[-1] if found else (0, None, "")
    ending = acting if acting and acting.act in ENDINGS else None
    try:
        # Before it is made: a hundred copies of a long script stop a process.
        size = len(plan.steps.spoken) * prepared.context.call.choices
        _refuse_too_large(size, most)
        if lane is not None and lane.on_wait is not None:
            lane.on_wait()
        await clock.sleep(plan.due[last] if ending else plan.duration)
        entry.faults += [note for _, _, note in found]
        if ending and ending.act is Act.ERROR:
            entry.outcome = "failed on purpose"
            raise _failure(ending, prepared.context, headers)
        # Only now: a client that left meanwhile costs nothing.
        answer = await asyncio.to_thread(_made, prepared, wire_format)
        _refuse_too_large(len(answer), most)
        if any(one.act is Act.MALFORMED for _, one, _ in found):
            answer = break_json(answer)
        sent = _cut(answer, plan.steps, last) if ending else answer
        entry.steps = last if ending else len(plan.steps)
        entry.bytes = len(sent)
        entry.first_byte = time.time() - entry.started
        if ending is None:
            entry.outcome = "completed"
        elif ending.act is Act.DROP:
            entry.outcome = "dropped on purpose"
            return _dropped(sent, len(answer), prepared, headers, lane)
        else:
            entry.outcome = "truncated on purpose"
    except ServerStops:
        entry.outcome = "ended by the server's stop"
        raise Problem(
            status=503,
            code="server_stops",
            message="The server stops. Ask again: it will be back soon.",
            headers={"Retry-After": "1"},
        ) from None
    except asyncio.CancelledError:
        entry.outcome = "cut"
        raise
    finally:
        entry.outcome = entry.outcome or "failed"
        recording.end()
    return HttpResponse(sent, content_type=JSON, headers={**headers, **NO_STORE})


def _made(prepared: Prepared, wire_format: Format) -> bytes:
    whole = wire_format.complete(prepared.plan.steps, prepared.context)
    return to_utf8(dump_json(whole))


def _refuse_too_large(size: int, most: int | None) -> None:
    if most is not None and size > most:
        raise Problem(
            status=400,
            code="answer_too_large",
            message=(
                f"The answer has more than the {most:,} bytes that are allowed: ask"
                " for fewer tokens."
            ),
        )


def _failure(acting: Acting, context: Context, headers: dict[str, str]) -> Problem:
    failure = find_failure(acting.name)
    problem = Problem(
        status=failure.status,
        code=failure.code,
        message=failure.message,
        headers=headers,
    )
    problem.id = context.run_id
    return problem


def _cut(answer: bytes, steps: Steps, index: int) -> bytes:
    """Return as much of an answer as of its text was said before a step."""
    said = (steps.cuts[index - 1] if index else steps.first) - steps.first
    share = said / (len(steps.spoken) or 1)
    return answer[: min(int(len(answer) * share), len(answer) - 1)]


def _dropped(
    sent: bytes,
    size: int,
    prepared: Prepared,
    headers: dict[str, str],
    lane: Lane | None,
) -> EventStreamResponse:
    """Announce the whole answer, send a part of it and cut the connection.

    As a run, since it knows how: of what was sent already, and a drop.
    """
    nothing = replace(prepared.plan.until(-1.0), duration=0.0)
    plan = nothing.acting(Acting(act=Act.DROP), event=0)
    run = Run(plan or nothing, _Sent(sent), prepared.context, clock=clock)
    return EventStreamResponse(
        run,
        lane=lane,
        content_type=JSON,
        private=True,
        headers={**headers, "Content-Length": str(size)},
    )


class _Sent(Format):
    """What was made before, at once."""

    name = "whole"
    media_type = JSON

    def __init__(self, data: bytes) -> None:
        self.data = data

    def writer(self, context: Context) -> Writer:
        return _SentWriter(context, self.data)

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        raise NotImplementedError


class _SentWriter(Writer):
    def __init__(self, context: Context, data: bytes) -> None:
        super().__init__(context)
        self._data = data

    def opening(self) -> bytes:
        return self._data

    def step(self, step: Step) -> bytes:
        return b""

    def closing(self) -> bytes:
        return b""

    def error(self, message: str, kind: str = "") -> bytes:
        return b""
