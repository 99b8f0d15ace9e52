"""The vendors' endpoints, and the admin to look at meanwhile."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("streams/", include("streams.urls")),
    path("", include("streams.api_urls")),
]
