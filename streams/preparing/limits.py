"""How long and how large a play may be, by its stream and by the site."""

from streams.conf import conf
from streams.core.plan import Plan
from streams.exceptions import Problem
from streams.models import Stream


def refuse_too_long(stream: Stream, plan: Plan) -> None:
    """Raise Problem for a plan that takes longer than a play may."""
    most = most_seconds(stream)
    if most is not None and plan.duration > most:
        raise Problem(
            status=400,
            code="stream_too_long",
            message=(
                f"Stream '{stream.slug}' would take {plan.duration:,.0f} s; at most"
                f" {most:,} s are allowed. Ask for more `speed`."
            ),
            param="speed",
        )


def most_seconds(stream: Stream) -> int | None:
    """Return how long a play may take: the smaller of the stream's and the site's."""
    return _smaller(stream.max_duration_s, conf.max_duration)


def most_bytes(stream: Stream) -> int | None:
    """Return how large a play may be: the smaller of the stream's and the site's."""
    return _smaller(stream.max_bytes, conf.max_bytes)


def _smaller(*limits: int | None) -> int | None:
    return min((one for one in limits if one is not None), default=None)
