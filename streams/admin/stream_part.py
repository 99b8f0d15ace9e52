"""What is edited on a stream's page, beside the stream itself."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from streams.models import Stream

# Generic for the type checker only.
if TYPE_CHECKING:
    StackedInline = admin.StackedInline[Any, Stream]
else:
    StackedInline = admin.StackedInline


class StreamPart(StackedInline):
    """Who may change a stream may change its parts."""

    def has_view_permission(
        self, request: HttpRequest, obj: Stream | None = None
    ) -> bool:
        names = ("view_stream", "change_stream")
        return any(request.user.has_perm(f"streams.{name}") for name in names)

    def has_add_permission(
        self, request: HttpRequest, obj: Stream | None = None
    ) -> bool:
        verb = "change" if obj and obj.pk else "add"
        return request.user.has_perm(f"streams.{verb}_stream")

    def has_change_permission(
        self, request: HttpRequest, obj: Stream | None = None
    ) -> bool:
        return self.has_add_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: Stream | None = None
    ) -> bool:
        return self.has_add_permission(request, obj)
