"""OpenAI's chat chunks, for the peers that are written in Python."""

import time
from collections.abc import Iterator
from uuid import uuid4


class Chunks:
    """The chunks of one completion: dicts, for the caller to encode."""

    def __init__(self, model: str) -> None:
        self._head = {
            "id": f"chatcmpl-{uuid4().hex}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def opening(self) -> dict[str, object]:
        return self._chunk({"role": "assistant", "content": ""})

    def text(self, text: str) -> dict[str, object]:
        return self._chunk({"content": text})

    def closing(self) -> dict[str, object]:
        return self._chunk({}, "stop")

    def all(self, texts: list[str]) -> Iterator[dict[str, object]]:
        yield self.opening()
        yield from map(self.text, texts)
        yield self.closing()

    def _chunk(
        self, delta: dict[str, str], finish: str | None = None
    ) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**self._head, "choices": [choice]}
