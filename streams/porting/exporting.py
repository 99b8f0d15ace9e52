"""Scripts and streams out of the database, as files."""

import io
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from streams.documents import PortingError, dump, join
from streams.documents.mistakes import meant, shown
from streams.models import Script, Stream
from streams.porting.documents import (
    Values,
    prefetched,
    script_values,
    stream_values,
)
from streams.porting.schema import (
    FAULT_DEFAULTS,
    RULE_DEFAULTS,
    SCHEMA,
    SCRIPT,
    STREAM,
)
from streams.porting.sources import File

_BEGINNING = (1980, 1, 1, 0, 0, 0)
"""Of time, for zips: the same content is the same file."""


def script_text(slug: str, values: Values) -> str:
    """Return a script's file."""
    header = {name: values.get(name, slug) for name in SCRIPT}
    return join(_without_blanks(header), values["body"])


def stream_text(slug: str, values: Values) -> str:
    """Return a stream's file: all of its settings; of rules and faults, what is set."""
    said: dict[str, Any] = {"schema": SCHEMA}
    said |= {name: values.get(name, slug) for name in STREAM}
    for name, defaults in (("faults", FAULT_DEFAULTS), ("rules", RULE_DEFAULTS)):
        if values[name]:
            said[name] = [_set_ones(one, defaults) for one in values[name]]
    return dump(_without_blanks(said))


def choose(slugs: Collection[str] = ()) -> tuple[list[Script], list[Stream]]:
    """Return the scripts and streams of these slugs, or else all there are.

    With a stream come all the scripts that it may say. Raise PortingError for a slug
    that is neither's.
    """
    streams, scripts = prefetched(), Script.objects.all()
    if not slugs:
        return list(scripts.order_by("slug")), list(streams.order_by("slug"))
    chosen = list(streams.filter(slug__in=slugs).order_by("slug"))
    named = set(scripts.filter(slug__in=slugs).values_list("slug", flat=True))
    known = named | {stream.slug for stream in chosen}
    for slug in slugs:
        if slug not in known:
            every: set[str] = set(Stream.objects.values_list("slug", flat=True))
            every |= set(scripts.values_list("slug", flat=True))
            raise PortingError(
                f"There is no stream or script {shown(slug)}: {meant(slug, every)}"
            )
    return scripts_of(chosen, named), chosen


def scripts_of(streams: Iterable[Stream], also: Iterable[str] = ()) -> list[Script]:
    """Return every script that these streams may say, and those of these slugs."""
    wanted = set(also)
    for stream in streams:
        values = stream_values(stream)
        wanted.add(values["script"])
        wanted.update(slug for rule in values["rules"] for slug in rule["scripts"])
    # One after the other, so that there may be any number.
    found = {s.slug: s for s in Script.objects.all() if s.slug in wanted}
    return [found[slug] for slug in sorted(found)]


def files_of(scripts: Iterable[Script], streams: Iterable[Stream]) -> list[File]:
    """Return the files, `scripts/….md` and `streams/….yaml`."""
    files = []
    for script in scripts:
        text = script_text(script.slug, script_values(script))
        files.append(File(f"scripts/{_file_name(script)}.md", text.encode()))
    for stream in streams:
        text = stream_text(stream.slug, stream_values(stream))
        files.append(File(f"streams/{_file_name(stream)}.yaml", text.encode()))
    first: dict[str, str] = {}
    for file in files:
        other = first.setdefault(file.name.lower(), file.name)
        if other != file.name:
            raise PortingError(
                f"{other} and {file.name} would be one file on some systems: give one"
                " of them another slug."
            )
    return files


def write_folder(folder: Path, files: Iterable[File]) -> list[File]:
    """Write files that are not so already; return those. Other files stay."""
    changed = []
    for file in files:
        path = folder / file.name
        try:
            if path.is_file() and path.read_bytes() == file.data:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
        except OSError as error:
            raise PortingError(
                f"{path} cannot be written: {error.strerror}."
            ) from error
        changed.append(file)
    return changed


def zip_of(files: Iterable[File]) -> bytes:
    """Return a zip of files; the same files are the same zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            info = zipfile.ZipInfo(file.name, _BEGINNING)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, file.data)
    return content.getvalue()


def _without_blanks(values: Values) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != ""}


def _set_ones(values: Values, defaults: Values) -> dict[str, Any]:
    """Leave out of a rule or a fault what nobody set; it has a title at least."""
    order = [name for name in values if name not in ("scripts", "fault")]
    order += [name for name in ("scripts", "fault") if name in values]
    return {
        name: list(values[name]) if isinstance(values[name], tuple) else values[name]
        for name in order
        if name in ("title", "kind") or values[name] != defaults[name]
    }


def _file_name(entry: Script | Stream) -> str:
    """Return a slug, if it is one: it may have been saved past any form."""
    try:
        Script._meta.get_field("slug").run_validators(entry.slug)
    except ValidationError:
        raise PortingError(
            f"{shown(entry.slug)} is no slug, and no name for a file: give"
            f" {shown(entry.title)} another in the admin."
        ) from None
    return entry.slug
