"""The run of the Assistants API, and what becomes of it and of the things it made.

Fields are those of the API reference, "The run object".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streams.formats.base import Context, Usage

EXPIRES_AFTER = 600
"""Seconds for which a run waits for the results of tools, as at OpenAI."""

_TIMES = {"completed": "completed_at", "cancelled": "cancelled_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What becomes of the things that a play began."""

    run: str
    message: str = "completed"
    reason: str | None = None
    """Why the message is incomplete."""
    step: str = "completed"
    """The message's."""
    tools: str = "cancelled"
    """The step with the tool calls: nobody can answer those that were cut short."""
    limit: str | None = None
    """Which limit the run came to."""


COMPLETED = Ending(run="completed")
REQUIRES_ACTION = Ending(run="requires_action", tools="in_progress")
CANCELLED = Ending(
    run="cancelled", message="incomplete", reason="run_cancelled", step="cancelled"
)
INCOMPLETE = {
    "length": Ending(
        run="incomplete",
        message="incomplete",
        reason="max_tokens",
        limit="max_completion_tokens",
    ),
    # The API has no word for it in the run, only in the message.
    "content_filter": Ending(
        run="incomplete", message="incomplete", reason="content_filter"
    ),
}
"""By the script's reason to finish."""


def ending_of(finish: str, *, with_tools: bool) -> Ending:
    """Return what becomes of a play that came to its end."""
    if finish in INCOMPLETE:
        return INCOMPLETE[finish]
    return REQUIRES_ACTION if with_tools else COMPLETED


def new_run(context: Context, **given: Any) -> dict[str, Any]:
    """Return the run that a play begins, in progress, with what its caller set."""
    began = context.created
    return {
        "id": f"run_{context.run_id[:24]}",
        "object": "thread.run",
        "created_at": began,
        "assistant_id": f"asst_{context.run_id[:24]}",
        "thread_id": f"thread_{context.run_id[:24]}",
        "status": "in_progress",
        "started_at": began,
        "expires_at": expiry(context),
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "required_action": None,
        "last_error": None,
        "incomplete_details": None,
        "model": context.model,
        "instructions": context.call.system,
        "tools": [],
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "max_prompt_tokens": None,
        "max_completion_tokens": context.call.max_tokens,
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "response_format": "auto",
        "usage": None,
        **given,
    }


def queued(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new run as it is shown before it begins."""
    return {**run, "status": "queued", "started_at": None}


def ends(context: Context) -> int:
    """Return when all is said, in seconds of the epoch."""
    return int(context.created + context.duration)


def expiry(context: Context) -> int:
    """Return when nobody waits for results of tools any more, likewise."""
    return ends(context) + EXPIRES_AFTER


def ended_run(
    run: Mapping[str, Any],
    ending: Ending,
    *,
    at: int,
    calls: list[dict[str, Any]],
    usage: Mapping[str, int],
) -> dict[str, Any]:
    """Return what becomes of a run, `at` seconds of the epoch.

    `usage` is that of all its plays; a run that was cancelled has none.
    """
    ended = {**run, "status": ending.run}
    if ending is REQUIRES_ACTION:
        outputs = {"tool_calls": calls}
        action = {"type": "submit_tool_outputs", "submit_tool_outputs": outputs}
        return {**ended, "required_action": action}
    ended["expires_at"] = None
    if ending.run in _TIMES:
        ended[_TIMES[ending.run]] = at
    if ending.run == "incomplete":
        ended["incomplete_details"] = {"reason": ending.limit}
    if ending is not CANCELLED:
        ended["usage"] = dict(usage)
    return ended


NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def usage_of(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
    }


def total(*usages: Mapping[str, int]) -> dict[str, int]:
    """Add up what plays cost."""
    return {name: sum(usage[name] for usage in usages) for name in NO_USAGE}
