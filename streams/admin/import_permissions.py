"""What somebody may import: what they might do in the forms, and nothing more."""

from dataclasses import replace

from django.http import HttpRequest
from django.utils.translation import gettext as _

from streams.admin.script_form import EMIT_PERMISSION, emit_refusal
from streams.core.emitting import newly_emitting
from streams.porting.documents import Kind
from streams.porting.report import Entry, Report

PUBLISH = "streams.publish_stream"

PUBLISHERS = ("published", "script", "access", "rule")
"""What of a published stream is a publisher's to change."""


def permit(request: HttpRequest, report: Report) -> None:
    """Mark what this user may not write as mistakes, and what may not be public as
    drafts."""
    for entry in list(report.to_write()):
        verb = "add" if entry.is_added else "change"
        if not request.user.has_perm(f"streams.{verb}_{entry.kind}"):
            entry.wrong(
                _("You lack the permission for it (%(permission)s).")
                % {"permission": f"streams.{verb}_{entry.kind}"}
            )
        elif entry.kind == Kind.SCRIPT:
            _permit_script(request, entry)
        else:
            _permit_stream(request, entry)
    if report.mistakes:
        for entry in report.entries:
            entry.becomes = ""


def _permit_script(request: HttpRequest, entry: Entry) -> None:
    before = "" if entry.is_added else entry.row.body
    new = newly_emitting(before, entry.values["body"])
    if new and not request.user.has_perm(EMIT_PERMISSION):
        first = entry.document.line_of("body") or 1
        line = first + new.line - 1
        entry.wrong(emit_refusal(replace(new, line=line)), line)


def _permit_stream(request: HttpRequest, entry: Entry) -> None:
    if request.user.has_perm(PUBLISH):
        return
    if entry.is_added or not entry.row.published:
        entry.values = {**entry.values, "published": False}
        return
    changed = [change.what for change in entry.changes]
    touched = [what for what in changed if what.startswith(PUBLISHERS)]
    if touched:
        entry.wrong(
            _(
                "It is published, and you lack the permission to change its %(what)s"
                " (%(permission)s)."
            )
            % {"what": ", ".join(touched), "permission": PUBLISH},
            entry.document.line_of(touched[0]),
        )


def comes_as_draft(request: HttpRequest, entry: Entry) -> bool:
    """Tell whether a stream is published in its file and will not be here."""
    return (
        entry.kind == Kind.STREAM
        and not entry.mistakes
        and bool(entry.document.values["published"])
        and not (entry.row and entry.row.published)
        and not request.user.has_perm(PUBLISH)
    )
