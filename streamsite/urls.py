from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from streams.views import events
from streamsite.views import compare, home

urlpatterns = [
    path("", home, name="home"),
    path("compare", compare, name="compare"),
    path(
        "stream_chat",
        events,
        {"slug": "greeting", "wire_format": "envelope"},
        name="stream_chat",
    ),
    path("streams/", include("streams.urls")),
    path("admin/", admin.site.urls),
    path("", include("streams.api_urls")),
    # For pages that name no icon, such as the admin's.
    path("favicon.ico", RedirectView.as_view(url="/static/streams/icon.svg")),
]
