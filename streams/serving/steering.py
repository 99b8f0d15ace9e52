"""Commands to runs, wherever they come from: who may give them, and what they did."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from streams.control import Action, Command, Ending, Reach, Report, send
from streams.exceptions import Problem
from streams.models import ApiKey, Run
from streams.serving.access import stream_named
from streams.serving.requests import get_asker

PERMISSION = "streams.control_run"

_ONLY_HERE = {
    Reach.NO_CHANNELS: (
        "Only this process was asked: to reach others, install channels-redis and name"
        " it in CHANNEL_LAYERS."
    ),
    Reach.NO_LAYER: (
        "Only this process was asked: to reach others, name channels-redis in"
        " CHANNEL_LAYERS."
    ),
    Reach.IN_MEMORY: (
        "Only this process was asked: to reach others, CHANNEL_LAYERS needs"
        " channels-redis, since a layer in memory is of one process."
    ),
    Reach.LAYER_FAILED: (
        "Only this process was asked: the channel layer does not answer, and the log"
        " says why."
    ),
}


async def carry_out(command: Command) -> Report:
    """Send a command and return which runs took it; raise Problem where none did.

    To ask for the state of a run that is over is no mistake.
    """
    report = await send(command)
    if report.runs:
        return report
    if report.ended is None and command.run_id:
        report.ended = await sync_to_async(_ending_in_journal)(command, report.reach)
    if command.action == Action.STATE and (report.ended or not command.run_id):
        return report
    raise _nobody(command, report)


def _ending_in_journal(command: Command, reach: Reach) -> Ending | None:
    """Return how a run ended; raise Problem if it plays and cannot be controlled."""
    rows = Run.objects.select_related("worker").filter(run_id=command.run_id)
    row = rows.order_by("-pk").first()
    if row is None:
        return None
    if row.state != Run.State.PLAYING:
        outcome = row.outcome or row.state
        return Ending(
            run=row.run_id, stream=row.stream, outcome=str(outcome), steps=row.steps
        )
    if row.transport == Run.Transport.WHOLE:
        raise Problem(
            status=409,
            code="run_not_streamed",
            message=(
                f"Run {row.run_id} is answered in whole, at its end: ask for a stream"
                " to control it."
            ),
        )
    raise Problem(
        status=404,
        code="run_not_reached",
        message=f"Run {row.run_id} plays on {row.worker}, which did not answer. "
        + _ONLY_HERE.get(reach, "It may be busy: try again."),
    )


def _nobody(command: Command, report: Report) -> Problem:
    asked = _ONLY_HERE.get(report.reach, "All workers were asked.")
    if ended := report.ended:
        return Problem(
            status=409,
            code="run_has_ended",
            message=(
                f"Run {ended['run']} is over ({ended['outcome']}, after"
                f" {ended['steps']:,} steps): only what plays can be controlled."
            ),
        )
    if command.run_id:
        return Problem(
            status=404,
            code="run_not_found",
            message=(
                f"No run {command.run_id[:40]} plays. A run's id is in its answer's"
                f" header X-Stream-Run. {asked}"
            ),
        )
    of = "" if command.session is None else f" of session '{command.session[:40]}'"
    return Problem(
        status=404,
        code="nothing_plays",
        message=f"No run{of} of stream '{command.slug}' plays now. {asked}",
    )


class Right:
    """Which runs somebody may control: those of a key's streams, or all."""

    def __init__(self, key: ApiKey | None = None) -> None:
        self._key = key

    @property
    def is_limited(self) -> bool:
        return self._key is not None

    def check(self, slug: str) -> None:
        """Raise Problem unless a stream's runs are among them. Uses the database."""
        if self._key is not None and not self._key.controls(stream_named(slug)):
            raise Problem(
                status=403,
                code="permission_required",
                message=f"This API key does not control stream '{slug}'.",
            )

    async def carry_out(self, command: Command) -> Report:
        """Send a command, if they may; raise Problem if not, or if nobody took it."""
        if self.is_limited:
            slug = command.slug
            if command.run_id:
                # Only whoever plays it knows whose it is.
                asked = Command(action=Action.STATE, run_id=command.run_id)
                looked = await carry_out(asked)
                slug = _slug(looked)
            await sync_to_async(self.check)(slug)
        return await carry_out(command)


def _slug(report: Report) -> str:
    about = report.runs[0] if report.runs else report.ended
    assert about is not None
    return about["stream"]


def find_right(request: HttpRequest) -> Right:
    """Return what whoever asks may control; raise Problem if that is nothing.

    A session is believed with a CSRF token only: a page of another site could send
    the request, too.
    """
    asker = get_asker(request)
    if asker.key and asker.key.may_control:
        return Right(asker.key)
    user = asker.user
    if user.is_active and user.has_perm(PERMISSION):
        _check_csrf(request)
        return Right()
    if asker.key:
        raise Problem(
            status=403,
            code="permission_required",
            message=(
                "This API key may not control runs: its owner ticks “may control runs”"
                " in the admin, under API keys."
            ),
        )
    if user.is_authenticated:
        raise Problem(
            status=403,
            code="permission_required",
            message=(
                "To control runs takes the permission 'Can hold, step, stop and drop"
                " runs': ask an administrator for it."
            ),
        )
    sent = "To control runs takes an API key, or a session of a user who may"
    if asker.credential:
        sent = f"'{asker.credential[:8]}…' is no API key of this site, or no longer"
    raise Problem(
        status=401,
        code="invalid_api_key",
        message=f"{sent}. Keys are made in the admin, under API keys.",
        headers={"WWW-Authenticate": 'Bearer realm="streams"'},
    )


def _check_csrf(request: HttpRequest) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    check = CsrfViewMiddleware(view)
    check.process_request(request)
    if check.process_view(request, view, (), {}) is not None:
        raise Problem(
            status=403,
            code="csrf_failed",
            message=(
                "The CSRF token is missing or wrong: send it as X-CSRFToken, or send"
                " an API key instead of a session's cookie."
            ),
        )
