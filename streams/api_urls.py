"""The vendors' paths. Include at the root: `path("", include("streams.api_urls"))`.

SDKs add these to their base URL, which for OpenAI's ends in `/v1`.
"""

from django.urls import path, re_path

from streams.api import models
from streams.api.base import play_model

app_name = "streams-api"

urlpatterns = [
    # OpenAI
    path("v1/chat/completions", play_model, {"wire_format": "openai-chat"}),
    path("v1/completions", play_model, {"wire_format": "openai-completions"}),
    # OpenAI, Anthropic and Gemini
    path("v1/models", models.models),
    path("v1/models/<path:name>", models.model),
    # Whatever else an SDK may know
    re_path(r"^(?P<path>v1(?:beta)?/.*)$", models.unknown),
]
