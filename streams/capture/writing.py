"""A recording → the script that says it, in the same pieces at the same times."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from streams.capture.recording import Called, Entry, Named, Recording, Said
from streams.core import arguments
from streams.core.directions import Channel
from streams.exceptions import CaptureError

WIDTH = 80
"""Of the lines of a `timing` list."""

LONG = 24
"""Deltas after which a paragraph's end ends a `timing` list, too: whoever edits one
paragraph leaves the pace of the others as it was."""

_OPENING = re.compile(r"<!--\s*stream:")
_LITERAL_END = re.compile(r"<!--\s*stream:\s*/literal\s*-->")
_BLOCKS = {Channel.REASONING: "reasoning", Channel.REFUSAL: "refusal"}


def write_script(recording: Recording) -> str:
    """Return a script's Markdown; raise CaptureError where none can say it."""
    return _Script(recording).body


class _Script:
    """A script while it is written."""

    def __init__(self, recording: Recording) -> None:
        self.body = ""
        self._timed = recording.timed
        self._now = 0.0
        """Seconds from the start that the script has come to."""
        self._direction_end = 0
        """Where the last direction ends in the body."""
        called: Called | None = None
        for channel, entries in groupby(recording.entries, _channel):
            for entry in entries if channel is None else ():
                if isinstance(entry, Named):
                    self._wait(entry.at, entry.line)
                    self._direct(f"event {entry.name} {_escaped(entry.payload)}")
                elif isinstance(entry, Called):
                    called = entry
            if channel is not None:
                run = [entry for entry in entries if isinstance(entry, Said)]
                if channel == Channel.TOOL and called:
                    self._call(called, run)
                else:
                    self._say(run, _BLOCKS.get(channel, ""))
        self._end(recording)

    def _say(self, run: Sequence[Said], block: str) -> None:
        first = True
        for section in _sections(run) if self._timed else [run]:
            self._time(section)
            if first and block:
                self._direct(block)
            first = False
            self._write("".join(said.text for said in section))
        if block:
            self._direct(f"/{block}")

    def _call(self, called: Called, run: Sequence[Said]) -> None:
        text = "".join(said.text for said in run)
        self._wait(called.at, called.line)
        self._time(run)
        written = f"{called.name} {_escaped(text)}"
        try:
            if arguments.tool(written).arguments != text:
                written = f"{called.name} verbatim {_escaped(text)}"
                arguments.tool(written)
        except ValueError as error:
            raise CaptureError(str(error), line=called.line) from None
        self._direct(f"tool {written}")

    def _end(self, recording: Recording) -> None:
        self._wait(recording.ended, 0)
        called = any(isinstance(entry, Called) for entry in recording.entries)
        follows = "tool_calls" if called else "stop"
        if recording.finish and recording.finish != follows:
            self._direct(f"finish {recording.finish}")
        if recording.failure:
            self._direct(f"error {recording.failure}")
        elif recording.cut:
            self._direct("truncate")

    def _time(self, run: Sequence[Said]) -> None:
        """Write down when each delta comes."""
        if not self._timed:
            return
        line, lines = "timing", []
        for said in run:
            milliseconds = self._pass(said.at, said.line)
            delta = f"{len(said.text)}@{_number(milliseconds)}"
            if len(line) + len(delta) >= WIDTH:
                lines.append(line)
                line = delta
            else:
                line += f" {delta}"
        self._direct("\n".join([*lines, line]))

    def _wait(self, until: float | None, line: int) -> None:
        """Let time pass before what takes none of its own."""
        if self._timed and until is not None and until - self._now >= 0.001:
            milliseconds = self._pass(until, line)
            self._direct(f"pause {_number(milliseconds)}ms")

    def _pass(self, until: float | None, line: int) -> float:
        """Return the milliseconds until then, rounded to tenths, without drifting."""
        gap = round(max(0.0, (until or 0.0) - self._now) * 1000, 1)
        if gap > arguments.MAX_PAUSE * 1000:
            raise CaptureError(
                f"nothing came for {gap / 1000:.0f} s before this; a script is silent"
                f" for {arguments.MAX_PAUSE:g} s at most. Leave the times out with"
                " --timestamps none",
                line=line or None,
            )
        self._now += gap / 1000
        return gap

    def _write(self, text: str) -> None:
        """Say text that may hold what reads as a direction."""
        if not _OPENING.search(text):
            self.body += text
            return
        while end := _LITERAL_END.search(text):
            # The end of `literal` cannot stand in it: it is parted in two.
            middle = end.start() + len("<!--")
            self._literal(text[:middle])
            text = text[middle:]
        self._literal(text)

    def _literal(self, text: str) -> None:
        if self._is_indented():
            self._direct("cut")
        self._direct("literal")
        self.body += text
        self._direct("/literal")

    def _direct(self, words: str) -> None:
        """Write a direction that takes no line end of the text with it.

        At the beginning of a line it gets the whole line and its end. Elsewhere it
        stands in the text; after an indent alone another has to follow, or it would
        take the line of the text if the text goes on with a line end.
        """
        direction = f"<!-- stream: {words} -->"
        if not self.body or self.body.endswith("\n"):
            direction += "\n"
        elif self._is_indented() and words != "literal":
            direction += "<!-- stream: cut -->"
        self.body += direction
        self._direction_end = len(self.body)

    def _is_indented(self) -> bool:
        """Tell whether there is nothing but white space since the line's beginning."""
        said = self.body[self._direction_end :]
        indent = len(said) - len(said.rstrip(" \t"))
        begins = len(self.body) - indent
        return bool(indent) and (not begins or self.body[begins - 1] == "\n")


def _channel(entry: Entry) -> Channel | None:
    return entry.channel if isinstance(entry, Said) else None


def _sections(run: Sequence[Said]) -> Iterator[Sequence[Said]]:
    """Yield the deltas of one `timing` list after the other."""
    begins = 0
    for index, said in enumerate(run, 1):
        if index - begins >= LONG and said.text.endswith("\n\n") and index < len(run):
            yield run[begins:index]
            begins = index
    yield run[begins:]


def _escaped(json: str) -> str:
    r"""Return JSON without the end of the comment around it, an escape in its place."""
    return json.replace("-->", r"--\u003e")


def _number(milliseconds: float) -> str:
    return f"{milliseconds:.1f}".removesuffix(".0")
