"""A few words with the Assistants API, for its tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import openai

HELLO = [{"role": "user", "content": "Hello"}]

# What the SDK says of all these methods; every other warning is an error.
DEPRECATED = r"ignore:(The Assistants API is )?deprecated:DeprecationWarning"


@contextmanager
def connect(url: str, key: str = "any") -> Iterator[openai.resources.Beta]:
    """Open a client of a server; give the part of it that knows assistants."""
    with openai.OpenAI(base_url=f"{url}/v1", api_key=key) as client:
        yield client.beta


def assistant(beta, model="words", **settings):
    """Make an assistant; return its id."""
    return beta.assistants.create(model=model, **settings).id


def begin(beta, model="words", messages=HELLO, **settings):
    """Return what a new run needs: a new thread, and an assistant for the model."""
    thread = beta.threads.create(messages=messages)
    return {"thread_id": thread.id, "assistant_id": assistant(beta, model, **settings)}


def outputs(run, result="-3 °C"):
    """Return the same result for all that a run asks for."""
    calls = run.required_action.submit_tool_outputs.tool_calls
    return [{"tool_call_id": call.id, "output": result} for call in calls]


def spoken(message):
    return "".join(p.text.value for p in message.content if p.type == "text")


def answers(beta, thread_id):
    """Return what assistants said in a thread, as it is kept."""
    messages = beta.threads.messages.list(thread_id, order="asc")
    return [spoken(message) for message in messages if message.role == "assistant"]


def kinds(events):
    """Return the names of events, those that repeat once."""
    names = [event.event for event in events]
    return [name for name, after in pairwise([*names, None]) if name != after]
