"""The registry of formats."""

from streams.exceptions import Problem
from streams.formats.ai_sdk import AISDKFormat
from streams.formats.anthropic import MessagesFormat
from streams.formats.base import Format
from streams.formats.envelope import EnvelopeFormat
from streams.formats.gemini import GeminiArrayFormat, GeminiFormat
from streams.formats.ollama import OllamaChatFormat, OllamaGenerateFormat
from streams.formats.openai_assistants import AssistantsFormat
from streams.formats.openai_chat import ChatFormat
from streams.formats.openai_completions import CompletionsFormat
from streams.formats.openai_responses import ResponsesFormat
from streams.formats.plain import PlainFormat

FORMATS: dict[str, Format] = {}


def register(wire_format: Format) -> None:
    """Make a format known under its name, in place of one that had it."""
    FORMATS[wire_format.name] = wire_format


def get_format(name: str) -> Format:
    """Return the format of that name; raise Problem with status 400 for none."""
    try:
        return FORMATS[name]
    except KeyError:
        raise Problem(
            status=400,
            code="unknown_format",
            message=f"There is no format '{name[:40]}'. Known: {', '.join(FORMATS)}.",
            param="format",
        ) from None


register(PlainFormat())
register(EnvelopeFormat())
register(ChatFormat())
register(CompletionsFormat())
register(ResponsesFormat())
register(AssistantsFormat())
register(MessagesFormat())
register(GeminiFormat())
register(GeminiArrayFormat())
register(OllamaChatFormat())
register(OllamaGenerateFormat())
register(AISDKFormat())
