"""Pages of one entry, a script or a stream, beside its form."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _


def find_or_404(admin: Any, request: HttpRequest, object_id: str) -> Any:
    """Return the entry that an address names."""
    found = admin.get_object(request, object_id)
    if found is None:
        raise Http404(_("There is no such entry; it may have been deleted."))
    return found


def find_permitted(
    admin: Any, request: HttpRequest, object_id: str, action: str = "view"
) -> Any:
    """Return the entry that an address names, if this user may do that with it."""
    found = find_or_404(admin, request, object_id)
    if not getattr(admin, f"has_{action}_permission")(request, found):
        raise PermissionDenied
    return found


def entry_page(
    admin: Any,
    request: HttpRequest,
    entry: Any,
    template: str,
    title: str,
    context: Mapping[str, Any],
) -> HttpResponse:
    """Render one of the templates beside an entry's form, which know the entry by the
    name of its model, too; they extend `admin/streams/entry_page.html`."""
    model = admin.opts.model_name
    common = {
        **admin.admin_site.each_context(request),
        "title": title,
        "subtitle": str(entry),
        "entry": entry,
        model: entry,
        "opts": admin.opts,
        "media": admin.media,
    }
    name = f"admin/streams/{model}/{template}.html"
    return TemplateResponse(request, name, common | dict(context))
