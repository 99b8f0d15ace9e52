"""Include at any prefix: `path("streams/", include("streams.urls"))`."""

from django.urls import path

from streams import pages, views

app_name = "streams"

# `str`, not `slug`: a slug that cannot exist is answered in the format's own shape.
urlpatterns = [
    path("", pages.index, name="index"),
    path("<str:slug>/", pages.stream, name="stream"),
    path("<str:slug>/events", views.events, name="events"),
    path("<str:slug>/plan", views.plan, name="plan"),
]
