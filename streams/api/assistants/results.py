"""The results of tools: a run that waits for them goes on."""

import time
from typing import Any

from streams.api.assistants import runs, settling, store
from streams.api.assistants.base import Visit, resource
from streams.api.assistants.plays import Play
from streams.exceptions import Problem
from streams.formats.openai_assistants_run import expiry
from streams.models.kept import Kept
from streams.serving.access import find_model


def submit(visit: Visit, thread: str, run: str) -> Any:
    parent, row = runs.find(visit, thread, run)
    visit.fields.flag("stream")
    outputs = _read(visit)
    wanted = _wanted(row, outputs)
    play = Play.of(row)
    if play is None:
        raise _refused(row)
    stream = find_model(row.data["model"], visit.asker)
    results = [outputs[call] for call in wanted]
    prepared = play.next(stream, results, row.data["max_completion_tokens"])

    def keep() -> dict[str, Any]:
        store.lock(parent)
        row.refresh_from_db()
        # Somebody else may have given them, or cancelled the run.
        if _wanted(row, outputs) != wanted:
            raise _refused(row)
        spent = play.spent
        answered = _answer(settling.last_step(row), outputs, play)
        store.change(
            row,
            status="in_progress",
            required_action=None,
            expires_at=expiry(prepared.context),
        )
        play.go_on(prepared)
        return {"run": row.data, "answered": [answered], "spent": spent}

    return runs.start(visit, prepared, keep)


def _read(visit: Visit) -> dict[str, str]:
    outputs = {}
    for item in visit.fields.objects("tool_outputs", required=True):
        outputs[item.text("tool_call_id")] = item.text("output", "")
    return outputs


def _wanted(run: Kept, outputs: dict[str, str]) -> list[str]:
    """Return the ids of the calls that a run waits for, all of which must be there."""
    if run.data["status"] != "requires_action":
        raise _refused(run)
    action = run.data["required_action"]["submit_tool_outputs"]
    wanted = [call["id"] for call in action["tool_calls"]]
    if set(wanted) != set(outputs):
        given = ", ".join(name[:64] for name in sorted(outputs)[:20])
        raise Problem(
            status=400,
            code="invalid_value",
            message=(
                f"Expected tool outputs for call_ids {', '.join(wanted)}, got {given}:"
                " give one for each call, all at once."
            ),
            param="tool_outputs",
        )
    return wanted


def _refused(run: Kept) -> Problem:
    return Problem(
        status=400,
        code="run_not_waiting",
        message=f'Runs in status "{run.data["status"]}" do not accept tool outputs.',
    )


def _answer(step: Kept, outputs: dict[str, str], play: Play) -> dict[str, Any]:
    """End the step with the calls, which know their results now."""
    details = step.data["step_details"]
    for call in details["tool_calls"]:
        call["function"]["output"] = outputs[call["id"]]
    store.change(
        step,
        status="completed",
        completed_at=int(time.time()),
        step_details=details,
        usage=play.usage,
    )
    return dict(step.data)


view = resource(post=submit)
