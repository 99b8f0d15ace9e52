"""Streams over a WebSocket, through Channels.

The client sends JSON objects with an `action`:

    {"action": "start", "prompt": "…", "speed": 2, "last_event_id": "…", …}
    {"action": "speed", "speed": 0.5}
    {"action": "hold"}    {"action": "release"}    {"action": "step", "steps": 3}
    {"action": "stop"}    {"action": "drop"}

and gets the events that an EventSource would get, as JSON objects with the fields of
SSE: `open`, `message`, `done`, `reset`, `error`, and `stopped` where it, or somebody
else, asked for that.
"""

import asyncio
import json
import logging
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, cast

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import AnonymousUser

from streams.control import Action, Command, tell
from streams.control.parsing import read_count
from streams.core.parameters import PARAMETERS, check_speed
from streams.exceptions import Injected, Problem
from streams.formats.call import Incoming
from streams.formats.overrides import parse_call
from streams.formats.socket import SocketFormat
from streams.http import cancelled_after, release_connections
from streams.models import Stream
from streams.models.entry import User
from streams.playing.admission import admit
from streams.playing.run import Run
from streams.playing.shutdown import clock, prepare_for_sigterm
from streams.preparing.limits import most_bytes, most_seconds
from streams.preparing.preparation import UNEXPECTED, Prepared, prepare
from streams.serving.access import Asker, find_stream
from streams.serving.recording import Recording, new_entry, record_refusal
from streams.serving.requests import credential

logger = logging.getLogger("streams")

GONE = 4204
"""Close code where HTTP would answer 204: the client has seen the end."""

DROPPED = 4503
"""Close code of a connection that is cut on purpose, as of a server that is gone: no
server lets anybody close without one, and Daphne with few."""

ON_RUNS = ("hold", "release", "step", "drop", "speed")


class StreamConsumer(AsyncWebsocketConsumer):
    """One viewer's socket; one run at a time."""

    format = SocketFormat()

    async def connect(self) -> None:
        self.slug: str = self.scope["url_route"]["kwargs"]["slug"]
        self.playing: asyncio.Task[None] | None = None
        self.run: Run | None = None
        self.max_speed = PARAMETERS["speed"].highest
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self._end_run()

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        try:
            fields = _read(text_data)
            match fields.pop("action", None):
                case "start":
                    await self._start(fields)
                case "stop":
                    # Once nothing plays, there is nothing to stop.
                    if self.run:
                        self.run.stop()
                case str(action) if action in ON_RUNS:
                    if self.run is None:
                        raise _bad('Nothing plays: send {"action": "start"} first.')
                    _control(self.run, action, fields, self.max_speed)
                case other:
                    known = ", ".join(("start", "stop", *ON_RUNS))
                    raise _bad(
                        f"There is no action {json.dumps(other)[:40]}. Known: {known}."
                    )
        except Problem as problem:
            await self._refuse(problem)
        except Exception:
            logger.exception("socket of stream %s failed", self.slug)
            await self._refuse(UNEXPECTED)

    async def _start(self, fields: dict[str, Any]) -> None:
        await self._end_run()
        user = cast(User, self.scope.get("user") or AnonymousUser())
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in self.scope.get("headers", [])
        }
        incoming = Incoming(method="POST", headers=headers, body=fields)
        call = parse_call(self.format, incoming)
        # The plan is at normal speed, so that "speed" means the same at any time.
        pace = dict(call.overrides)
        wanted = pace.pop("speed", None)
        call = replace(call, overrides=pace)
        asker = Asker(lambda: user, lambda: credential(headers))

        def ready() -> Prepared:
            try:
                return prepare(find_stream(self.slug, asker), call)
            finally:
                release_connections()

        # Channels gives consumers no thread of their own: without this, all sockets of
        # the process would wait for one another's queries.
        asked_by = {
            "client": (self.scope.get("client") or [""])[0],
            "agent": headers.get("user-agent", ""),
        }
        try:
            async with ThreadSensitiveContext():
                prepared = await sync_to_async(ready)()
        except Injected as problem:
            record_refusal(problem, self.format, transport="websocket", **asked_by)
            raise
        if prepared.finished:
            await self.close(GONE)
            return
        self.max_speed = prepared.stream.max_speed
        ticket = admit(prepared.stream, asked_by["client"])
        speed = _speed(wanted, self.max_speed) if wanted else 1.0
        prepare_for_sigterm()
        entry = new_entry(prepared, self.format, transport="websocket", **asked_by)
        recording = Recording(ticket, entry)
        run = Run(
            prepared.plan,
            self.format,
            self.format.lasting(prepared.context),
            clock=clock,
            max_bytes=most_bytes(prepared.stream),
            on_begin=recording.begin,
            on_end=recording.end,
            tally=entry,
        )
        run.set_speed(speed)
        self.run = run
        self.playing = asyncio.create_task(self._play(run, prepared.stream))

    async def _play(self, run: Run, stream: Stream) -> None:
        # The run is closed here, whatever happens; a slow reader slows it alone, since
        # `send` waits where the server has back-pressure.
        longest = most_seconds(stream)
        most = longest and 2 * longest
        # Too slow; or gone, for which each server has an exception of its own.
        with suppress(Exception):
            async with cancelled_after(most, run), aclosing(run.frames()) as frames:
                async for frame in frames:
                    await self._send_lines(frame)
            if run.dropped:
                await self.close(DROPPED)

    async def _send_lines(self, frame: bytes) -> None:
        for line in frame.decode().removesuffix("\n").split("\n"):
            await self.send(text_data=line)

    async def _end_run(self) -> None:
        """Cut off what plays."""
        playing, self.playing, self.run = self.playing, None, None
        if playing is not None and not playing.done():
            playing.cancel()
            with suppress(asyncio.CancelledError):
                await playing

    async def _refuse(self, problem: Problem) -> None:
        await self.send(text_data=self.format.problem(problem)[1].decode().rstrip())


def _read(text: str | None) -> dict[str, Any]:
    try:
        fields = json.loads(text or "")
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise _bad('Send JSON objects, such as {"action": "start"}.')
    return fields


def _control(run: Run, action: str, fields: dict[str, Any], max_speed: float) -> None:
    if action == "speed":
        run.set_speed(_speed(str(fields.get("speed", "")), max_speed))
        return
    after = read_count(fields, "after", 0) if action == Action.HOLD else None
    steps = read_count(fields, "steps", 1) if action == Action.STEP else None
    tell(run, Command(action=Action(action), steps=steps or 1, after=after))


def _speed(raw: str, most: float) -> float:
    speed = PARAMETERS["speed"].parse(raw)
    check_speed(speed, most)
    return speed


def _bad(message: str) -> Problem:
    return Problem(status=400, code="bad_action", message=message)
