"""OpenAI's legacy Completions."""

from streams.capture.frames import Event
from streams.capture.openai_chat import REASONS
from streams.capture.reader import Reader, objects
from streams.core.directions import Channel


class CompletionsReader(Reader):
    """The first choice, of several."""

    format = "openai-completions"
    ends_with = "data: [DONE]"

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

    def take(self, event: Event) -> None:
        if event.data == "[DONE]":
            self.over = True
            return
        value = event.record()
        if error := value.get("error"):
            self.fails(error)
            return
        for choice in objects(value.get("choices"), event):
            if choice.get("index"):
                self.leave_out(event, "all choices but the first")
                continue
            self.say(event, Channel.ANSWER, choice.get("text"))
            self.ends(event, choice.get("finish_reason"), REASONS)
