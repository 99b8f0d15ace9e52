"""The page that takes files in: it shows what they would change, then does it."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from streams.admin.import_permissions import permit
from streams.admin.import_table import rows_of
from streams.documents import PortingError
from streams.porting.planning import plan
from streams.porting.reading import read_document
from streams.porting.report import Entry, OnConflict, Report, Status
from streams.porting.sources import File, check_streams, read_upload
from streams.porting.writing import carry_out

LARGEST_UPLOAD = 10_000_000
"""Bytes, of all files together."""

LOOKED_AT_FOR = 3600
"""Seconds after which what was looked at has to be looked at again."""

CHOICES = {
    OnConflict.SKIP: gettext_lazy("Keep what is here"),
    OnConflict.REPLACE: gettext_lazy("Replace it by the files"),
    OnConflict.RENAME: gettext_lazy("Bring the files in beside it, by new names"),
}


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class UploadForm(forms.Form):
    upload = forms.FileField(
        label=gettext_lazy("Files"),
        help_text=gettext_lazy(
            "Scripts (.md), streams (.yaml), or a .zip of them, as an export makes it."
        ),
        widget=ManyFiles(attrs={"accept": ".md,.yaml,.yml,.zip"}),
    )


def may_import(request: HttpRequest) -> bool:
    """Tell whether somebody may add or change anything that files can hold."""
    return any(
        request.user.has_perm(f"streams.{verb}_{model}")
        for verb in ("add", "change")
        for model in ("script", "stream")
    )


def import_view(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Take files, show what they would do, and do it once that is confirmed."""
    if not may_import(request):
        raise PermissionDenied
    problem, files = "", list[File]()
    if request.method == "POST":
        held = request.POST.get("held", "")
        try:
            if held:
                files, seen = _let_go(request, held)
                chosen = request.POST.get("on_conflict", OnConflict.SKIP)
                if chosen not in list(OnConflict):
                    raise PortingError(_("Choose what becomes of what is changed."))
                done = _import(model_admin, request, files, seen, OnConflict(chosen))
                if done:
                    return done
                problem = _(
                    "Nothing was imported: something was saved here since you looked."
                    " This is how it is now."
                )
            else:
                files = _read(request.FILES.getlist("upload"))
        except PortingError as error:
            problem = str(error)
    return _page(model_admin, request, files, problem)


def _page(
    model_admin: Any, request: HttpRequest, files: list[File], problem: str
) -> HttpResponse:
    context: dict[str, Any] = {}
    try:
        if files:
            context = _looked_at(request, files)
    except PortingError as error:
        problem = str(error)
    context |= {
        **model_admin.admin_site.each_context(request),
        "title": _("Import"),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "problem": problem,
        "form": UploadForm(),
    }
    return TemplateResponse(request, "admin/streams/import.html", context)


def _read(uploads: Iterable[Any]) -> list[File]:
    files: list[File] = []
    total = 0
    for upload in uploads:
        total += upload.size
        if total > LARGEST_UPLOAD:
            message = _(
                "This is more than %(n)d MB: use `manage.py streams import`, which has"
                " no such limit."
            )
            raise PortingError(message % {"n": LARGEST_UPLOAD // 10**6})
        files += read_upload(upload.name, upload)
        check_streams(files)
    if not files:
        raise PortingError(_("Choose a file first."))
    return files


# Between the two pages the files are in the page itself: any worker can go on.


def _hold(request: HttpRequest, files: list[File], seen: str) -> str:
    texts = [(f.name, f.data.decode("utf-8", "surrogateescape")) for f in files]
    held = signing.dumps([texts, seen], salt=_salt(request), compress=True)
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or LARGEST_UPLOAD
    if len(held) > most - 20_000:
        raise PortingError(
            _("This is too much for a page: use `manage.py streams import`.")
        )
    return held


def _let_go(request: HttpRequest, held: str) -> tuple[list[File], str]:
    try:
        texts, seen = signing.loads(held, salt=_salt(request), max_age=LOOKED_AT_FOR)
    except signing.BadSignature:
        raise PortingError(
            _("It is too long since you looked: choose the files again.")
        ) from None
    files = [File(n, text.encode("utf-8", "surrogateescape")) for n, text in texts]
    return files, seen


def _salt(request: HttpRequest) -> str:
    return f"streams.import.{request.user.pk}"


# What it would do, and doing it


def _plans(request: HttpRequest, files: list[File]) -> dict[OnConflict, Report]:
    """Return what would happen by each choice, what the user may not do included."""
    documents = [read_document(file.name, file.data) for file in files]
    plans = {}
    for choice in OnConflict:
        plans[choice] = plan(documents, on_conflict=choice)
        permit(request, plans[choice])
    return plans


def _fingerprint(report: Report) -> str:
    """Name what is shown, to notice when it is not so any more."""
    said = [
        (e.kind, e.slug, e.status, [(c.what, repr(c.before)) for c in e.changes])
        for e in report.entries
    ]
    return sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()


def _looked_at(request: HttpRequest, files: list[File]) -> dict[str, Any]:
    plans = _plans(request, files)
    report = plans[OnConflict.SKIP]
    choices = [
        {
            "value": choice.value,
            "label": label,
            # What stands in its way, beyond what is in the way of any choice.
            "refusals": [
                mistake
                for mistake in plans[choice].mistakes
                if mistake not in report.mistakes
            ],
        }
        for choice, label in CHOICES.items()
    ]
    counts = report.counts
    return {
        "report": report,
        "rows": rows_of(request, report),
        "counts": counts,
        "has_changed": counts[Status.CHANGED] > 0,
        "has_errors": bool(report.mistakes),
        "has_something": counts[Status.NEW] + counts[Status.CHANGED] > 0,
        "choices": choices,
        "held": "" if report.mistakes else _hold(request, files, _fingerprint(report)),
    }


def _import(
    model_admin: Any,
    request: HttpRequest,
    files: list[File],
    seen: str,
    choice: OnConflict,
) -> HttpResponse | None:
    """Write it; None if what was shown is not so any more."""
    plans = _plans(request, files)
    report = plans[choice]
    if _fingerprint(plans[OnConflict.SKIP]) != seen:
        return None
    if report.mistakes:
        raise PortingError(" ".join(str(mistake) for mistake in report.mistakes[:3]))

    def log(entry: Entry) -> None:
        said = _("Imported from %(file)s") % {"file": entry.document.file}
        if entry.is_added:
            model_admin.log_addition(request, entry.row, said)
        else:
            model_admin.log_change(request, entry.row, said)

    reason = _("Imported from %(file)s") % {"file": "{file}"}
    carry_out(report, author=request.user, reason=reason, written=log)
    count = sum(1 for _entry in report.to_write())
    message = ngettext("%(n)d file imported.", "%(n)d files imported.", count)
    model_admin.message_user(request, message % {"n": count}, messages.SUCCESS)
    return redirect(f"admin:streams_{model_admin.opts.model_name}_changelist")
