"""Estimates for a list: only scripts that are new to this process are read for them."""

from collections.abc import Hashable, Iterable

from django.db.models.functions import Length

from streams.models.script import Rendering, Script
from streams.models.stream import Stream
from streams.models.timing import Estimate

MOST_KEPT = 10_000
"""Estimates that are kept, before all of them are forgotten."""

_kept: dict[Hashable, Estimate | None] = {}


def estimate_all(streams: Iterable[Stream]) -> list[Stream]:
    """Return the streams, each with what it will be like as `estimated`.

    An estimate holds for as long as the script's row says that it is the same, by its
    time and its length. A template is estimated each time: what it says may depend on
    anything.
    """
    streams = list(streams)
    scripts = _without_bodies({stream.script_id for stream in streams})
    keys = {stream.pk: _key(stream, scripts[stream.script_id]) for stream in streams}
    unknown = {s.script_id for s in streams if keys[s.pk] not in _kept}
    bodies = Script.objects.filter(pk__in=unknown).values_list("pk", "body")
    for pk, body in bodies:
        scripts[pk].body = body
    for stream in streams:
        stream.script = scripts[stream.script_id]
        key = keys[stream.pk]
        if key in _kept:
            estimated = _kept[key]
        else:
            estimated = stream.estimate()
            if stream.script.rendering == Rendering.LITERAL:
                _keep(key, estimated)
        stream.estimated = estimated  # type: ignore[attr-defined]
    return streams


def _without_bodies(pks: Iterable[int]) -> dict[int, Script]:
    rows = Script.objects.filter(pk__in=set(pks)).defer("body", "notes")
    return {row.pk: row for row in rows.annotate(length=Length("body"))}


def _key(stream: Stream, script: Script) -> Hashable:
    content = (script.pk, script.updated, script.length)  # type: ignore[attr-defined]
    pace = tuple(sorted(stream.settings({}).items()))
    return (content, pace, stream.seed)


def _keep(key: Hashable, estimated: Estimate | None) -> None:
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[key] = estimated
