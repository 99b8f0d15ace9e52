"""`openai-assistants`: the events of OpenAI's Assistants API, version 2.

The sequence of events is that of the API reference ("Assistant stream events"); what
clients need of it was found with the SDKs. OpenAI itself shut the API down on
2026-08-26.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from streams.core.directions import Channel
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.formats.base import Context, Writer
from streams.formats.call import Call, Incoming
from streams.formats.conversation import MOST_TOKENS, last_user_message
from streams.formats.fields import Fields
from streams.formats.openai import OpenAIFormat, read_messages, stream_error
from streams.formats.openai_assistants_outcome import (
    MESSAGE_STEP,
    TOOLS_STEP,
    Ended,
    Outcome,
)
from streams.formats.openai_assistants_run import queued
from streams.formats.openai_chat import call_id

DONE = "event: done\ndata: [DONE]\n\n"


def event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {dump_json(data)}\n\n"


class AssistantsWriter(Writer):
    """Events of one play: a whole run, or what it does with the results of tools.

    `Call.options` may hold the `run`, the `thread` that was made for it, and the steps
    `answered` by what the caller gave.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._outcome = Outcome(context)

    def opening(self) -> bytes:
        options, run = self.context.call.options, self._outcome.run
        first = queued(run)
        events = []
        if thread := options.get("thread"):
            events.append(event("thread.created", thread))
        if answered := options.get("answered"):
            first = {**run, "status": "queued"}
            events += [event("thread.run.step.completed", one) for one in answered]
        else:
            events.append(event("thread.run.created", first))
        events.append(event("thread.run.queued", first))
        events.append(event("thread.run.in_progress", run))
        return to_utf8("".join(events))

    def step(self, step: Step) -> bytes:
        outcome = self._outcome
        parts, calls = len(outcome.content), len(outcome.tools)
        if not outcome.add(step):
            return b""
        if step.direction is not None:
            before = "" if calls else self._begin_calls()
            return to_utf8(before + self._call(calls, outcome.tools[-1].name))
        if step.channel == Channel.TOOL:
            return to_utf8(self._arguments(calls - 1, step.text))
        before = "" if parts else self._begin_message()
        begins = len(outcome.content) > parts
        index = len(outcome.content) - 1
        return to_utf8(before + self._said(step, index, begins=begins))

    def closing(self) -> bytes:
        before = ""
        if not (self._outcome.content or self._outcome.tools):
            before = self._begin_message()
        ended = self._outcome.ended()
        return to_utf8(before + self._end(ended))

    def stopped(self, at: int) -> bytes:
        run = {**self._outcome.run, "status": "cancelling"}
        cancelling = event("thread.run.cancelling", run)
        return to_utf8(cancelling + self._end(self._outcome.ended(cancelled_at=at)))

    def error(self, message: str, kind: str = "") -> bytes:
        # Not the bare error of the API reference, which openai-python takes for an
        # event like any other: it raises for an object with `error` only.
        return to_utf8(event("error", stream_error(message, self.context, kind)))

    def _begin_message(self) -> str:
        step, message = self._outcome.step(MESSAGE_STEP), self._outcome.message()
        return (
            event("thread.run.step.created", step)
            + event("thread.run.step.in_progress", step)
            + event("thread.message.created", message)
            + event("thread.message.in_progress", message)
        )

    def _begin_calls(self) -> str:
        """Return the beginning of the step with the calls, and the end of the message.

        openai npm refuses a step before the last one has ended.
        """
        step = self._outcome.step(TOOLS_STEP)
        return (
            self._end_message(self._outcome.ended())
            + event("thread.run.step.created", step)
            + event("thread.run.step.in_progress", step)
        )

    def _said(self, step: Step, index: int, *, begins: bool) -> str:
        text = dump_json(step.text)
        if step.channel == Channel.REFUSAL:
            part = f'"type":"refusal","refusal":{text}'
        elif begins:
            part = f'"type":"text","text":{{"value":{text},"annotations":[]}}'
        else:
            part = f'"type":"text","text":{{"value":{text}}}'
        return (
            f'event: thread.message.delta\ndata: {{"id":"{self._outcome.message_id}",'
            f'"object":"thread.message.delta","delta":{{"content":[{{"index":{index},'
            f"{part}}}]}}}}\n\n"
        )

    def _call(self, index: int, name: str) -> str:
        function = {"name": name, "arguments": "", "output": None}
        return self._step_delta(
            {
                "index": index,
                "id": call_id(self.context, index),
                "type": "function",
                "function": function,
            }
        )

    def _arguments(self, index: int, text: str) -> str:
        function = {"arguments": text}
        return self._step_delta(
            {"index": index, "type": "function", "function": function}
        )

    def _step_delta(self, call: dict[str, Any]) -> str:
        details = {"type": TOOLS_STEP, TOOLS_STEP: [call]}
        return event(
            "thread.run.step.delta",
            {
                "id": self._outcome.step_id(TOOLS_STEP),
                "object": "thread.run.step.delta",
                "delta": {"step_details": details},
            },
        )

    def _end_message(self, ended: Ended) -> str:
        if ended.message is None:
            return ""
        step = ended.steps[0]
        return event(
            f"thread.message.{ended.message['status']}", ended.message
        ) + event(f"thread.run.step.{step['status']}", step)

    def _end(self, ended: Ended) -> str:
        events = ""
        if self._outcome.tools:
            # The message ended before them; they wait for results if they are whole.
            step = ended.steps[-1]
            if step["status"] != "in_progress":
                events = event(f"thread.run.step.{step['status']}", step)
        else:
            events = self._end_message(ended)
        return events + event(f"thread.run.{ended.run['status']}", ended.run) + DONE


class AssistantsFormat(OpenAIFormat):
    """`POST /v1/threads/runs` and its like; see `streams.api.assistants`."""

    name = "openai-assistants"
    reads_request = True

    def parse(self, incoming: Incoming) -> Call:
        return replace(super().parse(incoming), round=0)

    def read(self, fields: Fields) -> Call:
        """Read a run with a thread of its own, which nothing is kept of."""
        thread = fields.record("thread")
        messages = read_messages(thread) if thread.get("messages") else ()
        return Call(
            model=fields.text("model", ""),
            messages=messages,
            prompt=last_user_message(messages),
            system=fields.text("instructions", ""),
            stream=fields.flag("stream", True),
            max_tokens=fields.integer("max_completion_tokens", 1, MOST_TOKENS),
            params=dict(fields),
        )

    def writer(self, context: Context) -> Writer:
        return AssistantsWriter(context)

    def complete(self, steps: Iterable[Step], context: Context) -> object:
        """Return the messages, as they would be listed."""
        message = Outcome(context, steps).ended().message
        return page([message] if message else [], more=False)


def page(data: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """Return a list of objects, or the part of it that was asked for."""
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": more,
    }
