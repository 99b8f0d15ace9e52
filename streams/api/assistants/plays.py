"""What a run is played from, kept for as long as the run has not ended.

With it any worker can tell what the run says and when, whatever becomes of the stream
and its script meanwhile.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import uuid4

from streams.api.assistants import store
from streams.api.assistants.store import PLAY
from streams.exceptions import Problem
from streams.formats.call import Call, Message
from streams.formats.openai_assistants_run import NO_USAGE, total
from streams.models import Stream
from streams.models.kept import Kept
from streams.preparing.preparation import Pin, Prepared, prepare_again

SKEW = 0.1
"""Seconds by which the clocks of two workers may differ. A play counts as over that
much early: who has read its last event must not hear that it goes on."""

_CALL = ("prompt", "system", "model", "max_tokens", "round", "params")


class Play:
    """A run's latest play."""

    def __init__(self, run: Kept, row: Kept) -> None:
        self.run = run
        self.row = row
        self._data: dict[str, Any] = row.data
        self.pin = Pin(**self._data["pin"])

    @classmethod
    def of(cls, run: Kept) -> "Play | None":
        """Return a run's play; None if the run has ended."""
        row = run.children.filter(kind=PLAY).first()
        return cls(run, row) if row else None

    @property
    def call(self) -> Call:
        packed = self._data["call"]
        messages = tuple(Message(**message) for message in packed["messages"])
        options = {"run": self.run.data, "spent": self._data["spent"]}
        return Call(**{**packed, "messages": messages}, options=options)

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.time() - self.pin.started

    @property
    def left(self) -> float:
        """Seconds until it is over; less than none if it is."""
        left: float = self._data["duration"] - SKEW - self.elapsed
        return left

    @property
    def usage(self) -> dict[str, int]:
        """Tokens of this play, once it is over."""
        return dict(self._data["usage"])

    @property
    def spent(self) -> dict[str, int]:
        """The same with the plays before it."""
        return total(self._data["spent"], self.usage)

    def prepared(self) -> Prepared | None:
        """Return the play as it was prepared; None if that is no longer possible."""
        stream = Stream.objects.filter(pk=self._data["stream"]).first()
        stream = stream or Stream(slug=self._data["slug"])
        try:
            return prepare_again(stream, self.call, self.pin, counts_tokens=True)
        except Problem:
            return None

    def wait_for_results(self, said: str, usage: Mapping[str, int]) -> None:
        """Keep what was said, for the next play of this run."""
        message = Message(role="assistant", content=said)
        self._data["call"]["messages"].append(asdict(message))
        store.change(self.row, **{**self._data, "usage": dict(usage)})

    def next(self, stream: Stream, results: list[str], most: int | None) -> Prepared:
        """Prepare what comes after the results of tools; nothing is kept yet.

        `most` is how many tokens the whole run may say.
        """
        call = self.call
        said = tuple(Message(role="tool", content=result) for result in results)
        if most is not None:
            most = max(0, most - self.spent["completion_tokens"])
        call = replace(
            call,
            messages=call.messages + said,
            round=(call.round or 0) + 1,
            max_tokens=most,
        )
        pin = replace(self.pin, run_id=uuid4().hex)
        prepared = prepare_again(stream, call, pin, counts_tokens=True)
        if prepared is None:
            raise Problem(
                status=400,
                code="script_deleted",
                message="The script of this run was deleted. Cancel the run.",
            )
        return prepared.beginning(time.time())

    def go_on(self, prepared: Prepared) -> None:
        """Put the next play in the place of this one."""
        store.change(self.row, **_data(prepared, self.spent))

    def end(self) -> None:
        self.row.delete()


def begin(run: Kept, prepared: Prepared) -> None:
    """Keep a run's first play."""
    data = {"id": f"play_{run.key}", **_data(prepared, NO_USAGE)}
    store.keep(run.workspace, PLAY, data, parent=run)


def _data(prepared: Prepared, spent: Mapping[str, int]) -> dict[str, Any]:
    call = prepared.context.call
    packed: dict[str, Any] = {name: getattr(call, name) for name in _CALL}
    packed["messages"] = [asdict(message) for message in call.messages]
    return {
        "stream": prepared.stream.pk,
        "slug": prepared.stream.slug,
        "pin": asdict(prepared.pin),
        "duration": prepared.plan.duration,
        "call": packed,
        "spent": dict(spent),
        "usage": NO_USAGE,
    }
