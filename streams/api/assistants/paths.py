"""The API's paths, below `v1/`."""

from django.urls import path

from streams.api.assistants import (
    assistants,
    cancelling,
    messages,
    results,
    runs,
    steps,
    threads,
)

THREAD = "threads/<str:thread>"
RUN = f"{THREAD}/runs/<str:run>"

urlpatterns = [
    path("assistants", assistants.collection),
    path("assistants/<str:assistant>", assistants.one),
    path("threads", threads.collection),
    path("threads/runs", runs.with_thread),
    path(THREAD, threads.one),
    path(f"{THREAD}/messages", messages.collection),
    path(f"{THREAD}/messages/<str:message>", messages.one),
    path(f"{THREAD}/runs", runs.collection),
    path(RUN, runs.one),
    path(f"{RUN}/cancel", cancelling.view),
    path(f"{RUN}/submit_tool_outputs", results.view),
    path(f"{RUN}/steps", steps.collection),
    path(f"{RUN}/steps/<str:step>", steps.one),
]
