"""The responses that are kept, and where each of them is by the clock.

What a response says follows from what is kept of it and the time alone: any worker can
tell, and go on with it, and none has to remember that it plays.
"""

import json
import re
from dataclasses import asdict, dataclass, replace

from django.conf import settings

from streams.core.encoding import dump_json, to_utf8
from streams.exceptions import Problem
from streams.formats import get_format
from streams.formats.base import Context
from streams.formats.call import Call, Incoming
from streams.formats.fields import Fields
from streams.formats.openai_responses_input import listed_items, read_input, type_of
from streams.formats.openai_responses_object import (
    final_status,
    output_of,
    response_object,
)
from streams.models import Kept, Stream
from streams.models.kept import KeptQuerySet
from streams.preparing.preparation import Pin, Prepared, prepare_again
from streams.serving.access import Asker, authorise

FORMAT = "openai-responses"
KIND = "response"

MOST_LOOKED_UP = 100
"""Most responses that the items of one request may be looked for in."""

_KEY = re.compile(r"resp_[0-9a-f]{32}")
_ITEM_ID = re.compile(r"[a-z]+_([0-9a-f]{32})i?[0-9a-f]{4,8}")

Item = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptResponse:
    """A response as it was asked for, ready to play again."""

    row: Kept
    prepared: Prepared

    @property
    def context(self) -> Context:
        return self.prepared.context

    @property
    def background(self) -> bool:
        return bool(self.context.call.options["settings"]["background"])

    def as_json(self, now: float) -> dict[str, object]:
        """Return the Response as it is now, with what it has said."""
        status = self._status(now)
        steps = self.prepared.plan.until(self._elapsed(now)).steps
        output = output_of(steps, self.context, status)
        return response_object(self.context, output, status)

    def play(self, now: float, starting_after: int) -> Prepared:
        """Return the rest of its stream, after the event of that number.

        What was due before `now` comes at once.
        """
        plan, options = self.prepared.plan, dict(self.context.call.options)
        options |= {"kept": True, "starting_after": starting_after}
        if self._cancelled is not None:
            plan = plan.until(self._elapsed(now))
            options["cancelled"] = True
        call = replace(self.context.call, stream=True, options=options)
        return replace(
            self.prepared,
            plan=plan.since(now - self.prepared.pin.started),
            context=replace(self.context, call=call),
        )

    def cancel(self, now: float) -> None:
        """End it now, unless it has ended."""
        if self._status(now) in ("queued", "in_progress"):
            self.row.data["cancelled"] = now
            self.row.save(update_fields=["data", "updated"])

    def input(self) -> list[Item]:
        """Return its input, with that of the responses before it, as items."""
        items = read_input(Fields(self.context.call.params))
        return listed_items(items, self.context.run_id)

    def conversation(self) -> list[Item]:
        """Return what a response after it builds on.

        It counts as said in whole: who goes on has heard its end, even where clocks
        differ.
        """
        plan, status = self.prepared.plan, final_status(self.context)
        if self._cancelled is not None:
            plan, status = plan.until(self._elapsed(self._cancelled)), "cancelled"
        return self.input() + output_of(plan.steps, self.context, status)

    @property
    def _cancelled(self) -> float | None:
        """When, in seconds of the epoch."""
        cancelled: float | None = self.row.data.get("cancelled")
        return cancelled

    def _elapsed(self, now: float) -> float:
        until = now if self._cancelled is None else self._cancelled
        return until - self.prepared.pin.started

    def _status(self, now: float) -> str:
        if self._cancelled is not None:
            return "cancelled"
        if self._elapsed(now) >= self.prepared.plan.duration:
            return final_status(self.context)
        if self.background and self._elapsed(now) < self.context.ttft:
            return "queued"
        return "in_progress"


def rows(key: str, asker: Asker) -> KeptQuerySet:
    """Return the row of a response that is theirs, or none."""
    found: KeptQuerySet = Kept.objects.of(asker.workspace, KIND)
    # PostgreSQL refuses NUL with an error.
    return found.filter(key=key) if _KEY.fullmatch(key) else found.none()


def find_response(key: str, asker: Asker) -> KeptResponse | None:
    """Return a response that is theirs; raise Problem if they may not play it now."""
    row = rows(key, asker).first()
    if row is None:
        return None
    streams = Stream.objects.select_related("script")
    stream = streams.filter(pk=row.data["stream"]).first()
    if stream is None:
        return None
    authorise(stream, asker)
    call = parse(json.loads(row.data["body"]))
    pin = Pin(**row.data["pin"])
    prepared = prepare_again(stream, call, pin, counts_tokens=True)
    return None if prepared is None else KeptResponse(row=row, prepared=prepared)


def keep(prepared: Prepared, body: str, asker: Asker) -> None:
    """Keep a response that is about to begin; `body` is its request, complete."""
    Kept.objects.prune()
    Kept.objects.create(
        key=f"resp_{prepared.pin.run_id}",
        kind=KIND,
        workspace=asker.workspace,
        data={
            # As text: some databases refuse NUL, which JSON can hold.
            "body": body,
            "stream": prepared.stream.pk,
            "pin": asdict(prepared.pin),
        },
    )


def parse(body: object) -> Call:
    return get_format(FORMAT).parse(Incoming(method="POST", body=body))


def complete_body(body: dict[str, object], asker: Asker) -> str:
    """Return a request with all that it builds on in its input, as JSON.

    Raise Problem for what is not found, and for what is too long to keep: each
    response holds its whole conversation.
    """
    items = read_input(Fields(body))
    previous = body.get("previous_response_id")
    if previous or any(type_of(item) == "item_reference" for item in items):
        before = _conversation(str(previous), asker) if previous else []
        body = {**body, "input": before + _resolved(items, asker)}
    text = to_utf8(dump_json(body)).decode()
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if most is not None and len(text) > most:
        raise Problem(
            status=400,
            code="context_length_exceeded",
            message=(
                "Your input exceeds the context window of this model: with what came"
                f" before it has {len(text):,} characters; at most {most:,} are kept"
                " (DATA_UPLOAD_MAX_MEMORY_SIZE). Begin a new conversation."
            ),
            param="input",
        )
    return text


def _conversation(key: str, asker: Asker) -> list[Item]:
    previous = find_response(key, asker)
    if previous is None:
        raise Problem(
            status=400,
            code="previous_response_not_found",
            message=f"Previous response with id '{key[:60]}' not found.",
            param="previous_response_id",
        )
    return previous.conversation()


def _resolved(items: list[Fields], asker: Asker) -> list[Item]:
    """Return the items, those in place of references that these name."""
    known: dict[object, Item] = {}
    looked_up = 0
    # The last response that is named has most of them in its input.
    for item in reversed(items):
        if type_of(item) != "item_reference" or item["id"] in known:
            continue
        response, looked_up = None, looked_up + 1
        match = _ITEM_ID.fullmatch(item.text("id"))
        if match and looked_up <= MOST_LOOKED_UP:
            response = find_response(f"resp_{match[1]}", asker)
        if response:
            known |= {one["id"]: one for one in response.conversation()}
        if item["id"] not in known:
            raise _no_item(item.text("id"), item.path("id"))
    return [
        known[item["id"]] if type_of(item) == "item_reference" else dict(item)
        for item in items
    ]


def _no_item(name: str, path: str) -> Problem:
    return Problem(
        status=404,
        code="item_not_found",
        message=(
            f"Item with id '{name[:60]}' not found. Items are not persisted when"
            " `store` is set to false. Try again with `store` set to true, or remove"
            " this item from your input."
        ),
        param=path,
    )
