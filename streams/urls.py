"""Include at any prefix: `path("streams/", include("streams.urls"))`."""

from django.urls import path

from streams import controls, pages, snippet_pages, views
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
    path("<str:slug>/snippets/<str:client>", snippet_pages.program, name="program"),
    path("<str:slug>/control", controls.stream_control, name="control"),
    # After these: a stream may be called "runs".
    path("runs/<str:run_id>", controls.run_state, name="run"),
    path("runs/<str:run_id>/<str:action>", controls.run_action, name="run-action"),
]
