from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView

from streams.views import events

urlpatterns = [
    path("", TemplateView.as_view(template_name="home.html"), name="home"),
    path("stream_chat", events, {"slug": "greeting", "wire_format": "envelope"}),
    path("streams/", include("streams.urls")),
    path("admin/", admin.site.urls),
]
