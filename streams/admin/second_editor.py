"""Two people edit the same thing: who saves second is told before anything is lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from streams.models import Script

# Generic for the type checker only.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

CHANGED = "changed"
"""Code of the error."""

SEEN = "_seen"
"""When what the form shows was saved."""

OVERWRITE = "_overwrite"
"""The same of a later state, by somebody who knows of it and wants theirs."""

AT_ONCE = timedelta(seconds=5)
"""The admin's log comes that much after the save, at most."""

RECORDED = timedelta(seconds=1)
"""So much later than its script a revision is, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """What somebody else has saved since a form was opened."""

    message: str
    url: str
    """Where it can be compared."""
    state: str
    """For `OVERWRITE`."""


class GuardedForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses to overwrite what it has not shown."""

    request: HttpRequest
    conflict: Conflict | None = None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        # Not filled yet: the row as it is in the database.
        self.conflict = _find_conflict(self.request, self.instance)
        if self.conflict:
            error = forms.ValidationError(self.conflict.message, code=CHANGED)
            self.add_error(None, error)
        return cleaned


class Guarding(ModelAdmin):
    """A form that tells its user when somebody else was faster."""

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        if obj is None or request.method != "POST":
            return form
        return type(form.__name__, (GuardedForm, form), {"request": request})

    def state_shown(self, request: HttpRequest, entry: Any) -> str:
        """Return the state that a form is going to show, for it to send back."""
        sent = request.POST.get(OVERWRITE) or request.POST.get(SEEN)
        return sent or (_state(entry) if entry else "")


def _state(entry: Any) -> str:
    updated: datetime = entry.updated
    return updated.isoformat()


def _find_conflict(request: HttpRequest, entry: Any) -> Conflict | None:
    seen, state = request.POST.get(SEEN), _state(entry)
    if not seen or state in (seen, request.POST.get(OVERWRITE)):
        return None
    kind = ContentType.objects.get_for_model(entry)
    log = LogEntry.objects.filter(
        content_type=kind,
        object_id=str(entry.pk),
        action_time__range=(entry.updated - AT_ONCE, entry.updated + AT_ONCE),
    )
    last = log.select_related("user").order_by("-action_time").first()
    when = date_format(timezone.localtime(entry.updated), "TIME_FORMAT")
    if last is None:
        said = _("This was saved at %(when)s, while you were editing.")
    elif last.user == request.user:
        said = _("You saved this elsewhere at %(when)s, while this form was open.")
    else:
        said = _("%(who)s saved this at %(when)s, while you were editing.")
    who = str(last.user) if last else ""
    return Conflict(
        message=said % {"who": who, "when": when},
        url=_where_to_compare(entry, seen),
        state=state,
    )


def _where_to_compare(entry: Any, seen: str) -> str:
    """Return the revisions side by side; the history where there are none."""
    if isinstance(entry, Script):
        now, since = entry.revisions.first(), _moment(seen)
        # Its revision is recorded right after the script is saved.
        known = entry.revisions.filter(created__lte=since + RECORDED) if since else None
        before = known.first() if known is not None else None
        if now and before and now != before:
            url = reverse("admin:streams_script_revision", args=[entry.pk, now.number])
            return f"{url}?against={before.number}"
    return reverse(f"admin:streams_{entry._meta.model_name}_history", args=[entry.pk])


def _moment(seen: str) -> datetime | None:
    try:
        moment = parse_datetime(seen)
    except ValueError:
        return None
    return None if moment is None or timezone.is_naive(moment) else moment
