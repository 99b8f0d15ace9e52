"""Streams as Ollama lists and describes its models."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from streams.formats.base import Model
from streams.formats.conversation import MOST_TOKENS

DETAILS = {
    "parent_model": "",
    "format": "script",
    "family": "script",
    "families": ["script"],
    "parameter_size": "0",
    "quantization_level": "none",
}

NEVER = "2318-01-01T00:00:00Z"
"""When Ollama unloads a model that it keeps for good: in 292 years, in effect."""


def rfc3339(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def listed(model: Model) -> dict[str, object]:
    """Describe a model that can be loaded."""
    return {**_named(model), "modified_at": rfc3339(model.created)}


def running(models: Sequence[Model]) -> dict[str, object]:
    """Return the models that are in memory: all, since none has to be loaded."""
    kept = {"expires_at": NEVER, "size_vram": 0, "context_length": MOST_TOKENS}
    return {"models": [{**_named(model), **kept} for model in models]}


def shown(model: Model) -> dict[str, object]:
    """Describe one model."""
    return {
        "modelfile": f"# A script, streamed.\nFROM {model.name}\n",
        "parameters": "",
        "template": "{{ .Prompt }}",
        "license": "",
        "details": DETAILS,
        "model_info": {
            "general.architecture": "script",
            "general.basename": model.title,
            "script.context_length": MOST_TOKENS,
        },
        "capabilities": ["completion", "tools", "thinking"],
        "modified_at": rfc3339(model.created),
    }


def _named(model: Model) -> dict[str, object]:
    """Describe a model as all lists do, where each name has its tag."""
    name = f"{model.name}:latest"
    return {
        "name": name,
        "model": name,
        "size": 0,
        "digest": sha256(model.name.encode()).hexdigest(),
        "details": DETAILS,
    }
