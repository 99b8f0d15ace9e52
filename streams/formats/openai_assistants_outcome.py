"""What the play of a run makes: a message, the steps, and what becomes of the run.

A stream shows these objects as they come, the API keeps them when the play is over:
both make them here, so they are the same. Their fields are those of the API reference,
"The run step object" and "The message object".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streams.core.directions import Channel, ToolCall
from streams.core.steps import Step
from streams.formats.base import Context
from streams.formats.openai_assistants_run import (
    CANCELLED,
    COMPLETED,
    NO_USAGE,
    Ending,
    ended_run,
    ending_of,
    ends,
    new_run,
    total,
    usage_of,
)
from streams.formats.openai_chat import call_id
from streams.formats.reply import Part

MESSAGE_STEP = "message_creation"
TOOLS_STEP = "tool_calls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """All that a play made, as it is kept."""

    run: dict[str, Any]
    steps: list[dict[str, Any]]
    message: dict[str, Any] | None

    @property
    def text(self) -> str:
        """What was said, as the conversation has it."""
        return text_of(self.message) if self.message else ""


class Outcome:
    """What a play has made so far. It grows with each step.

    `Call.options` may hold the `run`, and what its earlier plays have `spent`.
    """

    def __init__(self, context: Context, steps: Iterable[Step] = ()) -> None:
        self.context = context
        options = context.call.options
        self.run: dict[str, Any] = options.get("run") or new_run(context)
        self.usage = usage_of(context.usage)
        self._spent: Mapping[str, int] = options.get("spent") or NO_USAGE
        self.content: list[Part] = []
        self.tools: list[Part] = []
        self.message_id = f"msg_{context.run_id[:24]}"
        for step in steps:
            self.add(step)

    def step_id(self, type_: str) -> str:
        return f"step_{self.context.run_id[:23]}{int(type_ == TOOLS_STEP)}"

    def add(self, step: Step) -> bool:
        """Take a step in; tell whether this API has a way to say it.

        It has none for reasoning, nor for the white space between calls that are made
        together, which would be a message in the middle of a step.
        """
        if step.direction is not None:
            if not isinstance(step.direction.value, ToolCall):
                return False
            name = step.direction.value.name
            self.tools.append(Part(channel=Channel.TOOL, name=name))
            return True
        if step.channel == Channel.TOOL:
            self.tools[-1].add(step.text)
            return True
        if step.channel == Channel.REASONING or self.tools:
            return False
        if not self.content or self.content[-1].channel != step.channel:
            self.content.append(Part(channel=step.channel))
        self.content[-1].add(step.text)
        return True

    def ended(self, cancelled_at: int | None = None) -> Ended:
        """Return what is kept, and shown at the end of the stream.

        `cancelled_at` is in seconds of the epoch; without it all was said.
        """
        if cancelled_at is None:
            at = ends(self.context)
            ending = ending_of(self.context.finish, with_tools=bool(self.tools))
        else:
            at, ending = cancelled_at, CANCELLED
        steps: list[dict[str, Any]] = []
        message = None
        # Who has nothing to say says an empty message; who was stopped before does not.
        if self.content or not (self.tools or ending is CANCELLED):
            said, said_at, usage = ending, at, self.usage
            if self.tools:
                # They come after a message that is whole. When that was, nothing here
                # knows; the tokens of both are counted once, for the last step.
                said, said_at, usage = COMPLETED, self.context.created, NO_USAGE
            message = self.message(said, said_at)
            steps.append(self.step(MESSAGE_STEP, said.step, said_at, usage))
        if self.tools:
            steps.append(self.step(TOOLS_STEP, ending.tools, at, self.usage))
        run = ended_run(
            self.run,
            ending,
            at=at,
            calls=self._calls(),
            usage=total(self._spent, self.usage),
        )
        return Ended(run=run, steps=steps, message=message)

    def message(
        self, ending: Ending | None = None, at: int | None = None
    ) -> dict[str, Any]:
        """Return the message, in progress and empty unless it ended."""
        status = ending.message if ending else "in_progress"
        incomplete = status == "incomplete"
        return {
            "id": self.message_id,
            "object": "thread.message",
            "created_at": self.context.created,
            "assistant_id": self.run["assistant_id"],
            "thread_id": self.run["thread_id"],
            "run_id": self.run["id"],
            "role": "assistant",
            "content": self._content() if ending else [],
            "attachments": [],
            "metadata": {},
            "status": status,
            "completed_at": at if status == "completed" else None,
            "incomplete_at": at if incomplete else None,
            "incomplete_details": (
                {"reason": ending.reason} if ending and incomplete else None
            ),
        }

    def step(
        self,
        type_: str,
        status: str = "in_progress",
        at: int | None = None,
        usage: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """Return a step; without `at`, one that just begins."""
        details: dict[str, Any] = {"type": type_}
        if type_ == MESSAGE_STEP:
            details[type_] = {"message_id": self.message_id}
        elif at is None:
            details[type_] = []
        else:
            calls = self._calls()
            for call in calls:
                call["function"]["output"] = None
            details[type_] = calls
        return {
            "id": self.step_id(type_),
            "object": "thread.run.step",
            "created_at": self.context.created,
            "run_id": self.run["id"],
            "assistant_id": self.run["assistant_id"],
            "thread_id": self.run["thread_id"],
            "type": type_,
            "status": status,
            "cancelled_at": at if status == "cancelled" else None,
            "completed_at": at if status == "completed" else None,
            "expired_at": None,
            "failed_at": None,
            "last_error": None,
            "step_details": details,
            "metadata": {},
            "usage": usage if status == "completed" else None,
        }

    def _content(self) -> list[dict[str, Any]]:
        return [
            {"type": "refusal", "refusal": part.text}
            if part.channel == Channel.REFUSAL
            else {"type": "text", "text": {"value": part.text, "annotations": []}}
            for part in self.content or [Part(channel=Channel.ANSWER)]
        ]

    def _calls(self) -> list[dict[str, Any]]:
        return [
            {
                "id": call_id(self.context, index),
                "type": "function",
                "function": {"name": tool.name, "arguments": tool.text},
            }
            for index, tool in enumerate(self.tools)
        ]


def text_of(message: Mapping[str, Any]) -> str:
    """Return what a message says: nothing of images, all of a refusal."""
    return "".join(
        part["text"]["value"] if part["type"] == "text" else part.get("refusal", "")
        for part in message["content"]
    )
