"""What the import page shows of each file."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from streams.admin.differences import DiffLine, difference
from streams.admin.import_permissions import comes_as_draft
from streams.porting.changes import Change
from streams.porting.documents import Kind
from streams.porting.report import Entry, Report, Status

LABELS = {
    Status.NEW: gettext_lazy("New"),
    Status.CHANGED: gettext_lazy("Changed"),
    Status.SAME: gettext_lazy("Same"),
    Status.ERROR: gettext_lazy("Error"),
}
SIGNS = {Status.NEW: "+", Status.CHANGED: "±", Status.SAME: "=", Status.ERROR: "!"}
KINDS = {Kind.SCRIPT: gettext_lazy("Script"), Kind.STREAM: gettext_lazy("Stream")}

LONGEST_DIFFERENCE = 400
"""Lines of a text's difference that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One file, in words."""

    entry: Entry
    label: str | Promise
    sign: str
    kind: str | Promise
    title: str
    """Of what is new."""
    draft: bool
    """Published in its file, and not here."""
    changes: tuple[Change, ...]
    """Other than the text's."""
    body: Change | None
    lines: list[DiffLine]
    cut: bool
    """Whether there are more lines."""


def rows_of(request: HttpRequest, report: Report) -> list[Row]:
    """Return the rows, what is wrong first, then what is changed.

    What is here is shown to those only who may see it anyway.
    """
    order = (Status.ERROR, Status.CHANGED, Status.NEW, Status.SAME)
    entries = sorted(report.entries, key=lambda entry: order.index(entry.status))
    return [_row(request, entry) for entry in entries]


def _row(request: HttpRequest, entry: Entry) -> Row:
    may_see = any(
        request.user.has_perm(f"streams.{verb}_{entry.kind}")
        for verb in ("view", "change")
    )
    changes = entry.changes if may_see else ()
    body = next((change for change in changes if change.what == "body"), None)
    lines = difference(body.before, body.after) if body else []
    return Row(
        entry=entry,
        label=LABELS[entry.status],
        sign=SIGNS[entry.status],
        kind=KINDS[entry.kind],
        title=str(entry.values["title"]) if entry.status == Status.NEW else "",
        draft=comes_as_draft(request, entry),
        changes=tuple(change for change in changes if change is not body),
        body=body,
        lines=lines[:LONGEST_DIFFERENCE],
        cut=len(lines) > LONGEST_DIFFERENCE,
    )
