"""API keys: made here, shown once."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache

from streams.models import ApiKey

# Generic for the type checker only.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[ApiKey]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    # Not the one with buttons to play and to copy.
    change_form_template = "admin/change_form.html"
    list_display = ("name", "begins_with", "state", "opens", "created")
    search_fields = ("name", "hint")
    autocomplete_fields = ("streams",)
    readonly_fields = ("begins_with", "revoked", "created")
    actions = ("revoke",)

    class Media:
        js = ["streams/autocomplete-names.js"]

    @admin.display(description=gettext_lazy("begins with"), ordering="hint")
    def begins_with(self, key: ApiKey) -> str:
        return f"{key.hint}…"

    @admin.display(description=gettext_lazy("state"))
    def state(self, key: ApiKey) -> str:
        if key.revoked:
            return _("Revoked")
        if key.expires and key.expires <= timezone.now():
            return _("Expired")
        return _("Valid")

    @admin.display(description=gettext_lazy("opens"))
    def opens(self, key: ApiKey) -> str:
        if not key.limited:
            return _("all for key holders")
        return ", ".join(stream.slug for stream in key.streams.all()) or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).prefetch_related("streams")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        fields = ["name", "limited", "streams", "may_control", "expires"]
        return fields if obj is None else [*fields, *self.readonly_fields]

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: Any, change: bool
    ) -> None:
        if not change:
            # For response_add: from then on, only its digest is anywhere.
            obj.secret = obj.renew()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        key = form.instance
        if not key.limited and key.streams.exists():
            # Whoever chose streams meant to limit it.
            key.limited = True
            key.save(update_fields=["limited"])

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in the answer itself: a message would be stored."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("The key %(name)s is made") % {"name": obj.name},
            "opts": self.opts,
            "secret": obj.secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/streams/apikey/issued.html", context)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # What follows is the page with the secret, whichever button is pressed.
        only_save = {
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }
        # It must not stay in the browser's cache, either.
        view: Any = never_cache(super().add_view)
        answer: HttpResponse = view(
            request, form_url, {**only_save, **(extra_context or {})}
        )
        return answer

    @admin.action(
        description=gettext_lazy("Revoke selected keys"), permissions=["change"]
    )
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        keys = list(queryset.filter(revoked=None))
        for key in keys:
            key.revoke()
            self.log_change(request, key, [{"changed": {"fields": ["revoked"]}}])
        message = ngettext("%(n)d key revoked.", "%(n)d keys revoked.", len(keys))
        self.message_user(request, message % {"n": len(keys)}, messages.SUCCESS)
