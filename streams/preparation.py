"""Everything that happens before the first byte: find, authorise, choose, plan.

All of it is synchronous and runs in one thread, so the database is used here and
nowhere later; whatever can fail fails here, as a `Problem`.
"""

import difflib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from streams.conf import conf
from streams.core.cache import WeightedCache
from streams.core.parameters import parse_overrides
from streams.core.plan import Plan
from streams.exceptions import Problem, ScriptError
from streams.formats.base import Call, Context
from streams.models import Revision, Script, Stream
from streams.models.entry import User
from streams.models.script import PREFIX_LENGTH, Content

UNEXPECTED = Problem(
    status=500,
    code="internal_error",
    message="Something failed on the server before the stream began. It is logged.",
)

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,100}")
_EVENT_ID = re.compile(rf"([0-9a-f]{{{PREFIX_LENGTH}}})-([0-9]{{1,10}})")

# The contents whose revision this process knows to be recorded.
_recorded: WeightedCache[bool] = WeightedCache(10_000, lambda recorded: 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A stream that is ready to play."""

    stream: Stream
    content: Content
    plan: Plan
    context: Context
    finished: bool
    """The client has seen the end already: there is nothing to play."""


def prepare(slug: str, call: Call, get_user: Callable[[], User]) -> Prepared:
    """Prepare the stream at `slug` for a caller; raise Problem where that fails."""
    stream = find_stream(slug, get_user)
    overrides = parse_overrides(call.overrides, max_speed=stream.max_speed)
    chosen = overrides.pop("seed", stream.seed)
    # 32 bits, so that a person can type it back.
    seed = secrets.randbits(32) if chosen is None else int(str(chosen))
    content, position, reset = _resume(stream, call.last_event_id)
    try:
        plan = stream.plan(content, call, seed=seed, overrides=overrides)
    except ScriptError as error:
        raise Problem(
            status=500,
            code="script_error",
            message=f"The script of stream '{stream.slug}' cannot be played: {error}.",
        ) from error
    left = plan.after(position) if position else plan
    _refuse_too_long(stream, left)
    context = Context(
        run_id=uuid4().hex,
        slug=stream.slug,
        revision=content.content_digest()[:PREFIX_LENGTH],
        seed=seed,
        retry_ms=stream.retry_ms,
        end=plan.steps.end,
        reset=reset,
    )
    return Prepared(
        stream=stream,
        content=content,
        plan=left,
        context=context,
        finished=position >= context.done_position,
    )


def find_stream(slug: str, get_user: Callable[[], User]) -> Stream:
    """Return the stream at `slug` if this user may play it; raise Problem if not.

    A draft answers outsiders exactly as a stream that does not exist. The user is
    only asked for where it matters: a public stream costs no session.
    """
    if not _SLUG.fullmatch(slug):
        # Not for the database: PostgreSQL refuses NUL with an error.
        raise _not_found("")
    stream = Stream.objects.select_related("script").filter(slug=slug).first()
    if stream is None:
        raise _not_found(slug)
    if stream.published and stream.access == Stream.Access.PUBLIC:
        return stream
    user = get_user()
    may_view = user.is_active and user.has_perm("streams.view_stream")
    if not stream.published and not may_view:
        raise _not_found(slug)
    if not user.is_authenticated:
        raise Problem(
            status=401,
            code="sign_in_required",
            message=f"Stream '{slug}' is for people who are signed in: sign in first.",
            headers={"WWW-Authenticate": 'Session realm="streams"'},
        )
    if stream.access == Stream.Access.PERMISSION and not may_view:
        raise Problem(
            status=403,
            code="permission_required",
            message=(
                f"Stream '{slug}' is for users with the permission 'Can view stream':"
                " ask an administrator for it."
            ),
        )
    return stream


def _refuse_too_long(stream: Stream, plan: Plan) -> None:
    most = conf.max_duration
    if most is not None and plan.duration > most:
        raise Problem(
            status=400,
            code="stream_too_long",
            message=(
                f"Stream '{stream.slug}' would take {plan.duration:,.0f} s; this site"
                f" allows {most:,} s. Ask for more `speed`."
            ),
            param="speed",
        )


def _not_found(slug: str) -> Problem:
    listed = list(Stream.objects.listed().values_list("slug", flat=True))
    message = f"No stream '{slug}'." if slug else "No stream has such a name."
    if near := difflib.get_close_matches(slug, listed, n=1):
        message += f" Did you mean '{near[0]}'?"
    return Problem(status=404, code="stream_not_found", message=message, param="slug")


def _resume(stream: Stream, last_event_id: str) -> tuple[Content, int, str]:
    """Return what to play, from which position, and why it starts over if it must."""
    script: Script = stream.script
    if not last_event_id:
        return _current(script), 0, ""
    match = _EVENT_ID.fullmatch(last_event_id)
    if not match:
        return _current(script), 0, "Last-Event-ID is not one of this stream's ids"
    prefix, position = match[1], int(match[2])
    if script.content_digest().startswith(prefix):
        return _current(script), position, ""
    # Among this script's own only: an id must not open what its stream does not.
    revision = Revision.objects.filter(script=script).with_prefix(prefix).first()
    if revision is None:
        return _current(script), 0, "the text this stream began with is gone"
    return revision, position, ""


def _current(script: Script) -> Script:
    """Return the script, making sure that this state of it can be found again.

    `save()` records revisions; a bulk update or a fixture does not.
    """

    def record() -> bool:
        script.record_revision()
        return True

    _recorded.get((script.pk, script.content_digest()), record)
    return script
