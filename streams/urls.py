"""Include at any prefix: `path("streams/", include("streams.urls"))`."""

from django.urls import path

from streams import pages, views
from streams.api import ai_sdk

app_name = "streams"

# `str`, not `slug`: a slug that cannot exist is answered in the format's own shape.
urlpatterns = [
    path("", pages.index, name="index"),
    path("<str:slug>/", pages.stream, name="stream"),
    path("<str:slug>/events", views.events, name="events"),
    # Where the AI SDK asks for the rest of an answer: below the address it posts to.
    path("<str:slug>/events/<path:chat>/stream", ai_sdk.resume),
    path("<str:slug>/plan", views.plan, name="plan"),
]
