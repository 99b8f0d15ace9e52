"""Captured streams of any format → scripts that say the same at the same times.

Pure: bytes in, Markdown out. `read_capture` recognises the format, and how the file
tells the time; what it cannot read is a CaptureError, which names the line and the
remedy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from streams.capture.ai_sdk import UIMessageReader
from streams.capture.anthropic import MessagesReader
from streams.capture.frames import Event, framing, read_events
from streams.capture.gemini import GeminiArrayReader, GeminiReader
from streams.capture.ollama import OllamaChatReader, OllamaGenerateReader
from streams.capture.openai_assistants import AssistantsReader
from streams.capture.openai_chat import ChatReader
from streams.capture.openai_completions import CompletionsReader
from streams.capture.openai_responses import ResponsesReader
from streams.capture.plain import EnvelopeReader, PlainReader
from streams.capture.reader import Reader
from streams.capture.recording import Called, Entry, Named, Recording, Said
from streams.capture.text import Captured, decode, without_headers
from streams.capture.tidying import tidied
from streams.capture.timestamps import Timestamps, read_pieces
from streams.capture.writing import write_script
from streams.core import arguments
from streams.exceptions import CaptureError

__all__ = [
    "READERS",
    "Called",
    "CaptureError",
    "Named",
    "Recording",
    "Said",
    "Timestamps",
    "read_capture",
    "write_script",
]

READERS: dict[str, type[Reader]] = {
    reader.format: reader
    for reader in (
        PlainReader,
        EnvelopeReader,
        ChatReader,
        CompletionsReader,
        ResponsesReader,
        AssistantsReader,
        MessagesReader,
        GeminiReader,
        GeminiArrayReader,
        OllamaChatReader,
        OllamaGenerateReader,
        UIMessageReader,
    )
}
"""By format, as `streams.formats` names them."""


def read_capture(
    data: bytes,
    *,
    format: str = "auto",
    timestamps: Timestamps = Timestamps.AUTO,
    allow_cut: bool = False,
) -> Recording:
    """Read a captured answer; raise CaptureError for what is none.

    One whose end is missing is an error, too, unless `allow_cut` is set.
    """
    pieces = without_headers(read_pieces(decode(data), timestamps))
    captured = Captured(pieces)
    events = read_events(captured)
    if not events:
        raise CaptureError(
            "There are no events in the file, only comments.", line=pieces[0].line
        )
    reader = _reader(format, captured, events)()
    if timestamps is Timestamps.AUTO and pieces[-1].at is None:
        times = reader.sent_at(events)
        if len(times) == len(events):
            events = [replace(e, at=at) for e, at in zip(events, times, strict=True)]
    for event in events:
        if not event.whole and allow_cut and not isinstance(reader, PlainReader):
            break
        reader.take(event)
    cut = not (reader.over or reader.reason_seen)
    if cut and not allow_cut:
        raise CaptureError(
            f"the stream breaks off without its end, {reader.ends_with}: capture it"
            " again, or record it as it is with --cut, and the script breaks off too",
            line=pieces[-1].line,
        )
    entries = tuple(_sayable(tidied(reader.entries), reader))
    return Recording(
        format=reader.format,
        entries=entries,
        finish=reader.finish,
        failure=reader.failure,
        cut=cut,
        ended=pieces[-1].at if pieces[-1].at is not None else events[-1].at,
        notes=tuple(reader.notes),
    )


def _reader(format: str, captured: Captured, events: Sequence[Event]) -> type[Reader]:
    """Return what reads the format; raise CaptureError where nothing does."""
    kind = framing(captured)
    if format != "auto":
        reader = READERS.get(format)
        if reader is None:
            raise CaptureError(
                f"There is no format '{format[:40]}'. Known: {', '.join(READERS)}."
            )
        if reader.framing is not kind:
            raise CaptureError(
                f"the file is {kind}, and {format} is {reader.framing}: leave the"
                " format out, and it is recognised",
                line=events[0].line,
            )
        return reader
    # Not all events tell: pings do not, nor what a proxy puts before the rest.
    for event in events[:100]:
        for reader in READERS.values():
            if reader.framing is kind and reader.knows(event):
                return reader
    first = events[0]
    if not first.whole:
        raise CaptureError(
            "the file ends inside its first event: it was cut off", line=first.line
        )
    raise CaptureError(
        f"'{first.data[:60]}' is of no format that is known: {', '.join(READERS)}."
        " Say which with --format",
        line=first.line,
    )


def _sayable(entries: Sequence[Entry], reader: Reader) -> Iterator[Entry]:
    """Leave out named events that a script has no way to name."""
    for entry in entries:
        if isinstance(entry, Named):
            try:
                event = arguments.event(f"{entry.name} {entry.payload}")
            except ValueError:
                reader.note(
                    f"left out: the event '{entry.name[:40]}' on line {entry.line},"
                    " whose name no script can say"
                )
                continue
            entry = replace(entry, payload=event.data)
        yield entry
