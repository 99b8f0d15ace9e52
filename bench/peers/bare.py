"""No framework: an asyncio.Protocol that writes prepared bytes, one timer an event.

It is about what Python can do at all: `python -m bench.peers.bare PORT`.
"""

import argparse
import asyncio
import json
from contextlib import suppress

from bench.catalogue import MODELS, Model
from bench.peers.chunks import Chunks

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Prepared:
    """A model's stream in bytes, made once."""

    def __init__(self, model: Model) -> None:
        chunks = Chunks(model.name)
        self.delay = model.delay
        self.opening = HEAD + chunked(self._event(chunks.opening()))
        self.events = [chunked(self._event(chunks.text(t))) for t in model.texts]
        done = self._event(chunks.closing()) + b"data: [DONE]\n\n"
        self.closing = chunked(done) + b"0\r\n\r\n"

    def _event(self, chunk: object) -> bytes:
        return f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n".encode()


class Connection(asyncio.Protocol):
    prepared: dict[str, Prepared]

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._timer: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not separator or len(body) < int(length or 0):
            return
        self._received = b""
        with suppress(ValueError, KeyError):
            self._playing = self.prepared[json.loads(body)["model"]]
            self._transport.write(self._playing.opening)
            self._started = self._loop.time()
            self._said = 0
            self._say()
            return
        self._transport.write(NOT_FOUND)

    def _say(self) -> None:
        playing = self._playing
        self._transport.write(playing.events[self._said])
        self._said += 1
        if self._said == len(playing.events):
            self._transport.write(playing.closing)
        elif playing.delay:
            due = self._started + self._said * playing.delay
            self._timer = self._loop.call_at(due, self._say)
        else:
            # In the loop's next turn: one write an event.
            self._timer = self._loop.call_soon(self._say)


async def serve(port: int) -> None:
    Connection.prepared = {model.name: Prepared(model) for model in MODELS.values()}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    options = parser.parse_args()
    if options.loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    else:
        factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(options.port))


if __name__ == "__main__":
    main()
