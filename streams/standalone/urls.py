"""Everything the app has, where SDKs look for it; and, for tests, how to make more."""

from django.urls import include, path
from django.views.generic import RedirectView

from streams.standalone import testing

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="streams:index")),
    path("streams/", include("streams.urls")),
    path("-/streams/<str:slug>", testing.stream),
    path("-/streams/<str:slug>/<str:action>", testing.control),
    path("", include("streams.api_urls")),
]
