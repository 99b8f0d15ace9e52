"""What can be done in the admin to a run while it plays."""

import asyncio
from collections.abc import Sequence
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache

from streams.admin.workers import ReadOnlyAdmin
from streams.control import Action, Command, Reach, Report, State, send
from streams.models import Run
from streams.serving.steering import PERMISSION

CONFIRMED = (Action.STOP, Action.DROP)
"""What cannot be taken back."""

MOST_AT_ONCE = 100
"""Commands on their way at the same time, when many runs are chosen."""


class ControlAdmin(ReadOnlyAdmin):
    """Runs that can be held, stepped, released, stopped and dropped."""

    change_form_template = "admin/streams/run/change_form.html"
    actions = ("stop_selected",)

    def has_control_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(user.is_active and user.has_perm(PERMISSION))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "<path:object_id>/control/<str:action>/",
                wrap(self.control_view),
                name="streams_run_control",
            ),
            path(
                "<path:object_id>/live/",
                wrap(never_cache(self.live_view)),
                name="streams_run_live",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = dict(extra_context or {})
        run = self.get_object(request, object_id)
        if run and _may_be_live(run) and self.has_control_permission(request):
            context["seen"] = _look(run)
        return super().change_view(request, object_id, form_url, context)

    def live_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say how far a run is, for its page."""
        run = self._find(request, object_id)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return JsonResponse(_look(run))

    def control_view(
        self, request: HttpRequest, object_id: str, action: str
    ) -> HttpResponse:
        """Carry out what a button says; ask first, where it cannot be taken back."""
        run = self._find(request, object_id)
        if not self.has_control_permission(request):
            raise PermissionDenied
        if action not in _BUTTONS:
            raise Http404(_("There is no such action."))
        chosen = Action(action)
        if request.method != "POST" and chosen in CONFIRMED:
            return self._confirm(request, chosen, [run])
        if request.method != "POST":
            return redirect("admin:streams_run_change", run.pk)
        report = async_to_sync(send)(Command(action=chosen, run_id=run.run_id))
        if report.runs:
            self._log(request, run, chosen)
        seen = _seen(run, report)
        level = messages.SUCCESS if report.runs else messages.WARNING
        said = _done(chosen, report.runs[0]) if report.runs else seen["text"]
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({**seen, "message": said, "done": bool(report.runs)})
        self.message_user(request, said, level)
        return redirect("admin:streams_run_change", run.pk)

    @admin.action(
        description=gettext_lazy("Stop selected runs"), permissions=["control"]
    )
    def stop_selected(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        runs = [run for run in queryset.order_by("-pk") if _may_be_live(run)]
        if not runs:
            self.message_user(
                request, _("None of the selected runs plays now."), messages.WARNING
            )
            return None
        if "confirmed" not in request.POST:
            return self._confirm(request, Action.STOP, runs, from_list=True)
        stopped = async_to_sync(_stop_all)([run.run_id for run in runs])
        for run in runs:
            if run.run_id in stopped:
                self._log(request, run, Action.STOP)
        message = ngettext(
            "%(n)d run was stopped.", "%(n)d runs were stopped.", len(stopped)
        )
        level = messages.SUCCESS if stopped else messages.WARNING
        self.message_user(request, message % {"n": len(stopped)}, level)
        if missed := len(runs) - len(stopped):
            message = ngettext(
                "%(n)d run is over already, or cannot be reached.",
                "%(n)d runs are over already, or cannot be reached.",
                missed,
            )
            self.message_user(request, message % {"n": missed}, messages.WARNING)
        return None

    def _log(self, request: HttpRequest, run: Run, action: Action) -> None:
        message = _("Control: %(action)s") % {"action": action.value}
        self.log_change(request, run, message)

    def _find(self, request: HttpRequest, object_id: str) -> Run:
        found: Run | None = self.get_object(request, object_id)
        if found is None:
            raise Http404(_("There is no such run; it may have been deleted."))
        return found

    def _confirm(
        self,
        request: HttpRequest,
        action: Action,
        runs: Sequence[Run],
        *,
        from_list: bool = False,
    ) -> HttpResponse:
        if action == Action.STOP:
            title = ngettext("Stop this run?", "Stop these runs?", len(runs))
        else:
            title = _("Drop the connection of this run?")
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "media": self.media,
            "runs": runs,
            "action": action.value,
            "from_list": from_list,
            "back": reverse("admin:streams_run_changelist")
            if from_list
            else reverse("admin:streams_run_change", args=[runs[0].pk]),
        }
        return TemplateResponse(request, "admin/streams/run/confirm.html", context)


async def _stop_all(run_ids: Sequence[str]) -> set[str]:
    """Stop runs at the same time; return the ids of those that took it."""
    room = asyncio.Semaphore(MOST_AT_ONCE)

    async def stop(run_id: str) -> Report:
        async with room:
            return await send(Command(action=Action.STOP, run_id=run_id))

    reports = await asyncio.gather(*map(stop, run_ids))
    return {state["run"] for report in reports for state in report.runs}


def _may_be_live(run: Run) -> bool:
    """Tell whether a run plays, and in a way that can be controlled."""
    return run.state == Run.State.PLAYING and run.transport != Run.Transport.WHOLE


def _look(run: Run) -> dict[str, Any]:
    if not _may_be_live(run):
        return _seen(run, Report())
    report = async_to_sync(send)(Command(action=Action.STATE, run_id=run.run_id))
    return _seen(run, report)


def _seen(run: Run, report: Report) -> dict[str, Any]:
    """Say how far a run is, for a page and for the script that refreshes it."""
    if report.runs:
        state = report.runs[0]
        return {"state": state["state"], "text": _how_far(state)}
    outcome = report.ended["outcome"] if report.ended else run.state
    if outcome != Run.State.PLAYING:
        known = outcome in Run.State
        said = str(Run.State(outcome).label) if known else outcome
        return {"state": "over", "text": _("It is over: %(state)s.") % {"state": said}}
    if report.reach == Reach.WORKERS:
        text = _("%(worker)s, which plays it, does not answer.")
    else:
        text = _(
            "%(worker)s plays it, which cannot be asked from here: the site’s"
            " processes share no channel layer."
        )
    return {"state": "unreached", "text": text % {"worker": run.worker}}


def _how_far(state: State) -> str:
    far = {
        "steps": number_format(state["steps"], force_grouping=True),
        "of": number_format(state["of"], force_grouping=True),
        "name": state["hold"],
    }
    match state["state"]:
        case "held" if state["hold"]:
            said = _("Held at “%(name)s”, after %(steps)s of %(of)s steps.")
        case "held":
            said = _("Held after %(steps)s of %(of)s steps.")
        case "ending":
            said = _("Ends after %(steps)s of %(of)s steps.")
        case _:
            said = _("Plays: %(steps)s of %(of)s steps are sent.")
    return said % far


def _done(action: Action, state: State) -> str:
    match action:
        case Action.STEP:
            return _("One step was let through.")
        case Action.RELEASE:
            return _("Released.")
        case Action.STOP:
            return _("Stopped.")
        case Action.DROP:
            return _("The connection was dropped.")
    return _how_far(state)


_BUTTONS = (Action.HOLD, Action.RELEASE, Action.STEP, *CONFIRMED)
