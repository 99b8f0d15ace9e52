"""Streams over a WebSocket, through Channels.

The client sends JSON objects with an `action`:

    {"action": "start", "prompt": "…", "speed": 2, "last_event_id": "…", …}
    {"action": "speed", "speed": 0.5}
    {"action": "hold"}    {"action": "release"}    {"action": "stop"}

and gets the events that an EventSource would get, as JSON objects with the fields of
SSE: `open`, `message`, `done`, `reset`, `error`, and `stopped` where it asked for that.
"""

import asyncio
import json
import logging
from contextlib import aclosing, suppress
from typing import Any, cast

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import AnonymousUser

from streams.access import Asker, find_stream
from streams.admission import admit
from streams.core.parameters import PARAMETERS, check_speed
from streams.core.tempo import Tempo
from streams.exceptions import Problem
from streams.formats.call import Incoming
from streams.formats.socket import SocketFormat
from streams.http import release_connections
from streams.models import Stream
from streams.models.entry import User
from streams.preparation import (
    UNEXPECTED,
    Prepared,
    most_bytes,
    most_seconds,
    prepare,
)
from streams.recording import Recording, new_entry
from streams.requests import credential
from streams.run import Run
from streams.shutdown import clock, prepare_for_sigterm

logger = logging.getLogger("streams")

GONE = 4204
"""Close code where HTTP would answer 204: the client has seen the end."""


class StreamConsumer(AsyncWebsocketConsumer):
    """One viewer's socket; one run at a time."""

    format = SocketFormat()

    async def connect(self) -> None:
        self.slug: str = self.scope["url_route"]["kwargs"]["slug"]
        self.playing: asyncio.Task[None] | None = None
        self.tempo: Tempo | None = None
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
                    if await self._end_run():
                        await self._tell({"event": "stopped"})
                case "hold" if self.tempo:
                    self.tempo.hold()
                case "release" if self.tempo:
                    self.tempo.release()
                case "speed" if self.tempo:
                    self.tempo.set_speed(_speed(fields, self.max_speed))
                case "hold" | "release" | "speed":
                    raise _bad('Nothing plays: send {"action": "start"} first.')
                case other:
                    raise _bad(
                        f"There is no action {json.dumps(other)[:40]}. Known: start,"
                        " stop, hold, release, speed."
                    )
        except Problem as problem:
            await self._refuse(problem)
        except Exception:
            logger.exception("socket of stream %s failed", self.slug)
            await self._refuse(UNEXPECTED)

    async def _start(self, fields: dict[str, Any]) -> None:
        await self._end_run()
        # The plan is at normal speed, so that "speed" means the same at any time.
        wanted = {"speed": fields.pop("speed", None) or 1}
        call = self.format.parse(Incoming(method="POST", body=fields))
        user = cast(User, self.scope.get("user") or AnonymousUser())
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in self.scope.get("headers", [])
        }
        asker = Asker(lambda: user, lambda: credential(headers))

        def ready() -> Prepared:
            try:
                return prepare(find_stream(self.slug, asker), call)
            finally:
                release_connections()

        # Channels gives consumers no thread of their own: without this, all sockets of
        # the process would wait for one another's queries.
        async with ThreadSensitiveContext():
            prepared = await sync_to_async(ready)()
        if prepared.finished:
            await self.close(GONE)
            return
        self.max_speed = prepared.stream.max_speed
        client = (self.scope.get("client") or [""])[0]
        ticket = admit(prepared.stream, client)
        speed = _speed(wanted, self.max_speed) if wanted["speed"] != 1 else 1.0
        prepare_for_sigterm()
        self.tempo = Tempo(clock, speed)
        entry = new_entry(
            prepared,
            self.format,
            transport="websocket",
            client=client,
            agent=headers.get("user-agent", ""),
        )
        recording = Recording(ticket, entry)
        run = Run(
            prepared.plan,
            self.format,
            prepared.context,
            clock=self.tempo,
            max_bytes=most_bytes(prepared.stream),
            on_begin=recording.begin,
            on_end=recording.end,
            tally=entry,
        )
        self.playing = asyncio.create_task(self._play(run, prepared.stream))

    async def _play(self, run: Run, stream: Stream) -> None:
        # The run is closed here, whatever happens; a slow reader slows it alone, since
        # `send` waits where the server has back-pressure.
        longest = most_seconds(stream)
        most = longest and 2 * longest
        # Too slow; or gone, for which each server has an exception of its own.
        with suppress(Exception):
            async with asyncio.timeout(most), aclosing(run.frames()) as frames:
                async for frame in frames:
                    await self._send_lines(frame)

    async def _send_lines(self, frame: bytes) -> None:
        for line in frame.decode().removesuffix("\n").split("\n"):
            await self.send(text_data=line)

    async def _end_run(self) -> bool:
        """Stop what plays; tell whether something did."""
        playing, self.playing, self.tempo = self.playing, None, None
        if playing is None or playing.done():
            return False
        playing.cancel()
        with suppress(asyncio.CancelledError):
            await playing
        return True

    async def _refuse(self, problem: Problem) -> None:
        await self.send(text_data=self.format.problem(problem)[1].decode().rstrip())

    async def _tell(self, frame: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(frame))


def _read(text: str | None) -> dict[str, Any]:
    try:
        fields = json.loads(text or "")
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise _bad('Send JSON objects, such as {"action": "start"}.')
    return fields


def _speed(fields: dict[str, Any], most: float) -> float:
    speed = PARAMETERS["speed"].parse(str(fields.get("speed", "")))
    check_speed(speed, most)
    return speed


def _bad(message: str) -> Problem:
    return Problem(status=400, code="bad_action", message=message)
