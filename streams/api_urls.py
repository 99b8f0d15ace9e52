"""The vendors' paths. Include at the root: `path("", include("streams.api_urls"))`.

SDKs add these to their base URL, which for OpenAI's ends in `/v1`.
"""

from django.urls import include, path, re_path

from streams.api import ai_sdk, anthropic, gemini, models, ollama, responses
from streams.api.base import play_model

app_name = "streams-api"

# Google's models are in collections, and what is done with one is part of its path.
GEMINI = r"^v1(?:beta)?/(?:models|tunedModels)/(?P<name>.+)"

urlpatterns = [
    # OpenAI
    path("v1/chat/completions", play_model, {"wire_format": "openai-chat"}),
    path("v1/completions", play_model, {"wire_format": "openai-completions"}),
    path("v1/responses", responses.create),
    re_path(
        r"^(?P<path>v1/responses/(?:input_tokens|compact))$",
        models.unknown,
        {"wire_format": "openai-responses"},
    ),
    path("v1/responses/<str:key>", responses.response),
    path("v1/responses/<str:key>/cancel", responses.cancel),
    path("v1/responses/<str:key>/input_items", responses.input_items),
    path("v1/", include("streams.api.assistants.paths")),
    # Anthropic
    path("v1/messages", play_model, {"wire_format": "anthropic"}),
    path("v1/messages/count_tokens", anthropic.count_tokens),
    # Gemini
    re_path(f"{GEMINI}:generateContent$", gemini.generate),
    re_path(f"{GEMINI}:streamGenerateContent$", gemini.generate, {"stream": True}),
    re_path(f"{GEMINI}:countTokens$", gemini.count_tokens),
    re_path(
        r"^(?P<path>v1(?:beta)?/models/.+:(?:embedContent|batchEmbedContents|predict))$",
        models.unknown,
        {"wire_format": "gemini"},
    ),
    path("v1beta/models", models.models, {"wire_format": "gemini"}),
    path("v1beta/models/<path:name>", models.model, {"wire_format": "gemini"}),
    # OpenAI, Anthropic and Gemini
    path("v1/models", models.models, name="models"),
    path("v1/models/<path:name>", models.model),
    # Ollama
    path("api/chat", ollama.chat),
    path("api/generate", ollama.generate),
    path("api/tags", models.models, {"wire_format": "ollama-chat"}),
    path("api/show", ollama.show),
    path("api/ps", ollama.ps),
    path("api/version", ollama.version),
    re_path(
        r"^(?P<path>api/(?:copy|create|delete|embed|embeddings|pull|push))$",
        models.unknown,
        {"wire_format": "ollama-chat"},
    ),
    # The AI SDK's hooks; its other address, api/chat, is Ollama's, too
    path("api/chat/<path:chat>/stream", ai_sdk.resume),
    path("api/completion", ai_sdk.play_default),
    # Whatever else an SDK may know
    re_path(r"^(?P<path>v1/.*)$", models.unknown),
    re_path(r"^(?P<path>v1beta/.*)$", models.unknown, {"wire_format": "gemini"}),
]
