"""The table of event streams that every reader is held to: streams.json."""

import json
from pathlib import Path

STREAMS = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))


def body_of(stream: dict) -> bytes:
    """`text` is sent as UTF-8; each character of `bytes` is one byte."""
    if "bytes" in stream:
        return stream["bytes"].encode("latin-1")
    return stream["text"].encode()
