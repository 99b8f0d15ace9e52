"""Include at any prefix: `path("streams/", include("streams.urls"))`."""

from django.urls import path

from streams import views

app_name = "streams"

# `str`, not `slug`: a slug that cannot exist is answered in the format's own shape.
urlpatterns = [
    path("", views.index, name="index"),
    path("<str:slug>/", views.stream, name="stream"),
    path("<str:slug>/events", views.events, name="events"),
    path("<str:slug>/plan", views.plan, name="plan"),
]
