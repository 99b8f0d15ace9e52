"""Commands as programs send them, read strictly."""

from collections.abc import Mapping

from streams.control.commands import ON_RUNS, Action, Command
from streams.exceptions import Problem

MOST_STEPS = 1_000_000
"""Most that one command counts."""

NOT_OURS = ("key", "csrfmiddlewaretoken")
"""Fields that say who asks."""


def parse_command(
    fields: Mapping[str, object], *, run_id: str = "", slug: str = ""
) -> Command:
    """Read a command about a run or a stream's; raise Problem with status 400."""
    known = ["action", "after", "steps", *(["session"] if slug else [])]
    for name in fields:
        if name not in (*known, *NOT_OURS):
            raise _bad(
                "unknown_parameter",
                f"There is no parameter '{name[:40]}'. Known: {', '.join(known)}.",
                name[:40],
            )
    action = fields.get("action")
    if action not in ON_RUNS and action is not Action.STATE:
        said = f"'{str(action)[:40]}' is no action" if action else "No action is named"
        raise _bad("unknown_action", f"{said}. Known: {', '.join(ON_RUNS)}.", "action")
    session = fields.get("session")
    if session is not None and not isinstance(session, str):
        raise _bad("parameter_wrong_type", "'session' has to be a string.", "session")
    return Command(
        action=Action(str(action)),
        run_id=run_id,
        slug=slug,
        session=session,
        steps=read_count(fields, "steps", 1) or 1,
        after=read_count(fields, "after", 0),
    )


def read_count(fields: Mapping[str, object], name: str, lowest: int) -> int | None:
    """Read how many steps are meant; None where that is not said."""
    raw = fields.get(name)
    if raw is None:
        return None
    text = str(raw)
    digits = text.isascii() and text.isdigit() and not isinstance(raw, bool)
    if not (digits and len(text) < 10 and lowest <= int(text) <= MOST_STEPS):
        raise _bad(
            "parameter_out_of_range",
            f"'{name}' is {text[:40]!r}: use a whole number from {lowest} to"
            f" {MOST_STEPS:,}.",
            name,
        )
    return int(text)


def _bad(code: str, message: str, param: str | None = None) -> Problem:
    return Problem(status=400, code=code, message=message, param=param)
