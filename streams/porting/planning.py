"""What an import would do: each file compared with what the database has."""

from collections.abc import Iterable, Mapping
from typing import Any

from streams.documents.mistakes import meant, shown
from streams.models import Script, Stream
from streams.porting.changes import changes
from streams.porting.documents import (
    Document,
    Kind,
    Values,
    prefetched,
    script_values,
    stream_values,
)
from streams.porting.report import Entry, OnConflict, Report, Status
from streams.porting.schema import STREAM_DEFAULTS

AT_ONCE = 500
"""Slugs in one query: SQLite takes a thousand, where it is old."""


def check(documents: Iterable[Document]) -> Report:
    """Say what is wrong with files among themselves, without any database.

    What is right is reported as new.
    """
    report = _begin(documents)
    _check_references(report, {}, keep_going=False)
    return report


def plan(
    documents: Iterable[Document],
    *,
    on_conflict: OnConflict = OnConflict.SKIP,
    keep_going: bool = False,
) -> Report:
    """Compare files with the database and say what an import would do.

    `keep_going` plans the import of what is right, even if something else is wrong.
    """
    report = _begin(documents)
    scripts = _rows(Kind.SCRIPT, report)
    wanted = {
        slug for entry in report.entries for slug, _line in entry.document.references()
    }
    _check_references(report, scripts | _known(wanted), keep_going=keep_going)
    renamed = _compare(report, Kind.SCRIPT, scripts, on_conflict, {})
    _compare(report, Kind.STREAM, _rows(Kind.STREAM, report), on_conflict, renamed)
    if report.mistakes and not keep_going:
        for entry in report.entries:
            entry.becomes = ""
    return report


def streams_for(documents: Iterable[Document], *, published: bool) -> list[Document]:
    """Make a stream for each script that no stream among these files mentions."""
    documents = list(documents)
    streams = [document for document in documents if document.kind == Kind.STREAM]
    taken = {document.slug for document in streams}
    taken |= {slug for document in streams for slug, _line in document.references()}
    return [
        Document(
            kind=Kind.STREAM,
            slug=document.slug,
            values={
                **{k: v for k, v in STREAM_DEFAULTS.items() if k != "slug"},
                "title": document.values["title"],
                "script": document.slug,
                "published": published,
                "rules": (),
                "faults": (),
            },
            file=document.file,
        )
        for document in documents
        if document.kind == Kind.SCRIPT
        and document.slug not in taken
        and not document.mistakes
    ]


def _begin(documents: Iterable[Document]) -> Report:
    """Make an entry for each file; no two may be of one name."""
    entries = []
    first: dict[tuple[Kind, str], Document] = {}
    for document in documents:
        entry = Entry(
            document=document,
            status=Status.ERROR if document.mistakes else Status.NEW,
            values=document.values,
            becomes="" if document.mistakes else document.slug,
            mistakes=list(document.mistakes),
        )
        key = (document.kind, document.slug)
        if key in first:
            entry.wrong(
                f"{shown(document.slug)} is in {first[key].file}, too: give one of the"
                f" {document.kind}s another slug.",
                document.line_of("slug"),
            )
        first.setdefault(key, document)
        entries.append(entry)
    entries.sort(key=lambda entry: (entry.kind != Kind.SCRIPT, entry.document.file))
    return Report(entries=entries)


def _check_references(
    report: Report, known: Mapping[str, Any], *, keep_going: bool
) -> None:
    """Find the scripts that streams want and nobody has."""
    files = {e.slug: e for e in report.entries if e.kind == Kind.SCRIPT}
    for entry in report.entries:
        for slug, line in entry.document.references():
            if slug in known:
                continue
            if slug not in files:
                names = [*files, *known]
                since = "" if line else ", which it plays as it names no other"
                entry.wrong(
                    f"There is no script {shown(slug)}{since}: {meant(slug, names)}",
                    line or 1,
                )
            elif files[slug].mistakes and keep_going:
                entry.wrong(
                    f"Its script {shown(slug)} cannot be taken: see"
                    f" {files[slug].document.file}.",
                    line,
                )


def _compare(
    report: Report,
    kind: Kind,
    rows: Mapping[str, Any],
    on_conflict: OnConflict,
    renamed_scripts: Mapping[str, str],
) -> dict[str, str]:
    """Compare the files of one kind; return the new names of those that get one."""
    renamed = {}
    for entry in report.entries:
        if entry.kind != kind or entry.mistakes:
            continue
        entry.values = entry.document.with_scripts(renamed_scripts)
        entry.row = rows.get(entry.slug)
        if entry.row is None:
            continue
        before = _values(kind, entry.row)
        if before == entry.values:
            entry.status, entry.becomes = Status.SAME, ""
            continue
        entry.status = Status.CHANGED
        entry.changes = changes(before, entry.values)
        if on_conflict == OnConflict.SKIP:
            entry.becomes = ""
        elif on_conflict == OnConflict.RENAME:
            slug, there = _free_slug(kind, entry, report)
            renamed[entry.slug] = slug
            entry.becomes = "" if there else slug
            if there:
                # It was brought in under this name before.
                entry.status, entry.changes = Status.SAME, ()
    return renamed


def _free_slug(kind: Kind, entry: Entry, report: Report) -> tuple[str, bool]:
    """Return a name for a file to come in beside another, and whether it is there."""
    taken = {other.slug for other in report.entries if other.kind == kind}
    stem, number = entry.slug[:90], 2
    while True:
        slug = f"{stem}-{number}"
        rows = _fetch(kind, [slug])
        if slug not in taken:
            if slug not in rows:
                return slug, False
            if _values(kind, rows[slug]) == entry.values:
                return slug, True
        number += 1


def _values(kind: Kind, row: Any) -> Values:
    return script_values(row) if kind == Kind.SCRIPT else stream_values(row)


def _rows(kind: Kind, report: Report) -> dict[str, Any]:
    return _fetch(kind, [entry.slug for entry in report.entries if entry.kind == kind])


def _fetch(kind: Kind, slugs: list[str]) -> dict[str, Any]:
    rows = Script.objects.all() if kind == Kind.SCRIPT else prefetched()
    found: dict[str, Script | Stream] = {}
    for start in range(0, len(slugs), AT_ONCE):
        some = rows.filter(slug__in=slugs[start : start + AT_ONCE])
        found |= {row.slug: row for row in some}
    return found


def _known(slugs: Iterable[str]) -> dict[str, None]:
    """Return which scripts there are: all their names, if any of these is missing."""
    wanted = sorted(set(slugs))
    if not wanted:
        return {}
    return dict.fromkeys(Script.objects.values_list("slug", flat=True))
