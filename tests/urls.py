from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("streams/", include("streams.urls")),
    path("admin/", admin.site.urls),
    path("", include("streams.api_urls")),
]
