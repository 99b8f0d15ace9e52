"""The answer to one call as a script of its own, for a test that brings it along."""

from typing import Any

from streams.capture.recording import Called, Entry, Named, Recording, Said
from streams.capture.writing import write_script
from streams.core.directions import Channel, NamedEvent, ToolCall
from streams.core.parameters import shown
from streams.exceptions import CaptureError, Problem
from streams.porting.schema import STREAM_DEFAULTS
from streams.preparing.preparation import Prepared
from streams.snippets.asked import Asked
from streams.snippets.quoting import python, python_lines

LONGEST = 20_000
"""Code points of an answer that a test brings along."""

WITHOUT_SAYING = ("stop", "tool_calls")
"""Reasons for an end that no script has to name."""


def values_of_test(prepared: Prepared, asked: Asked) -> dict[str, Any]:
    """Return what the template of a test knows of an answer and its settings.

    Raise Problem for an answer that no test can have.
    """
    wanted = asked.settings
    if "hold_after" in wanted:
        raise _impossible(
            f"{shown('hold_after', str(wanted['hold_after']))}: this test would wait"
            " for ever, since nobody releases what it plays. docs/testing.md has tests"
            " that do.",
            param="hold_after",
        )
    settings = dict(prepared.pin.settings)
    # The rest of what is asked for is said by a header.
    speed = settings.pop("speed", 1)
    settings["seed"] = wanted.get("seed", prepared.stream.seed)
    settings["max_speed"] = max(speed, STREAM_DEFAULTS["max_speed"])
    different = {
        name: value
        for name, value in settings.items()
        if value != STREAM_DEFAULTS[name]
    }
    if "fault" in wanted:
        different["fault"] = wanted["fault"]
    script, is_said = as_script(prepared)
    return {
        "script": python_lines(script),
        "is_said": is_said,
        "settings": [(name, python(value)) for name, value in different.items()],
        "fault": "fault" in wanted,
        "headers": asked.headers("speed", "session"),
    }


def as_script(prepared: Prepared) -> tuple[str, bool]:
    """Return a script that says what a call hears, and whether it is just the text.

    Texts, tool calls and named events are in it; when they come is not.
    """
    steps = prepared.plan.steps
    if len(steps.spoken) > LONGEST:
        raise _impossible(
            f"This answer has {len(steps.spoken):,} characters, and a test brings"
            f" {LONGEST:,} along at most. Give your tests the files that"
            " `manage.py streams export` writes: see `streams_folder` in"
            " docs/testing.md."
        )
    entries: list[Entry] = []
    for step in steps:
        match step.direction and step.direction.value:
            case ToolCall(name, _):
                entries.append(Called(name=name))
            case NamedEvent(name, payload):
                entries.append(Named(name=name, payload=payload))
            case _ if step.text:
                entries.append(Said(text=step.text, channel=step.channel))
    finish = prepared.context.finish
    recording = Recording(
        format="plain",
        entries=tuple(entries),
        finish="" if finish in WITHOUT_SAYING else finish,
    )
    try:
        script = write_script(recording)
    except CaptureError as error:
        raise _impossible(f"No script can say this answer again: {error}.") from None
    answer = [said for said in recording.deltas() if said.channel == Channel.ANSWER]
    return script, script == "".join(said.text for said in answer)


def _impossible(message: str, *, param: str | None = None) -> Problem:
    return Problem(status=400, code="snippet_impossible", message=message, param=param)
