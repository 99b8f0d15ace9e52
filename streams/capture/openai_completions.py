"""OpenAI's legacy Completions."""

from streams.capture.frames import Event, Record
from streams.capture.openai_chat import ChatReader
from streams.core.directions import Channel


class CompletionsReader(ChatReader):
    """As with chats, but for the text of a choice."""

    format = "openai-completions"

    @classmethod
    def knows(cls, event: Event) -> bool:
        value = event.json()
        if not isinstance(value, dict):
            return False
        choices = value.get("choices")
        return value.get("object") == "text_completion" or (
            isinstance(choices, list)
            and any(isinstance(choice, dict) and "text" in choice for choice in choices)
        )

    def take_choice(self, event: Event, choice: Record) -> None:
        self.say(event, Channel.ANSWER, choice.get("text"))
