"""What a client of each format hears, read as its documentation says: an oracle.

Each function takes one event, its name and its data, and yields what is said in it:
`("answer", text)`, `("call", name)`, `("tool", text)`, …
"""

import json

from tests.oracles import read_events

ANTHROPIC = {"text": "answer", "thinking": "reasoning", "partial_json": "tool"}
RESPONSES = {
    "output_text": "answer",
    "refusal": "refusal",
    "reasoning_text": "reasoning",
    "reasoning_summary_text": "reasoning",
    "function_call_arguments": "tool",
}


def openai_chat(name, said):
    for choice in said["choices"]:
        delta = choice["delta"]
        yield "reasoning", delta.get("reasoning_content")
        yield "answer", delta.get("content")
        for call in delta.get("tool_calls", []):
            yield "call", call["function"].get("name")
            yield "tool", call["function"]["arguments"]


def openai_completions(name, said):
    for choice in said["choices"]:
        yield "answer", choice["text"]


def openai_responses(name, said):
    kind = said["type"].removeprefix("response.").removesuffix(".delta")
    if kind in RESPONSES and said["type"].endswith(".delta"):
        yield RESPONSES[kind], said["delta"]
    elif kind == "output_item.added" and said["item"]["type"] == "function_call":
        yield "call", said["item"]["name"]
    elif "web_search" in json.dumps(said):
        yield "event", said["type"]


def openai_assistants(name, said):
    if name == "thread.message.delta":
        for part in said["delta"]["content"]:
            yield "answer", part["text"]["value"]
    elif name == "thread.run.step.delta":
        for call in said["delta"]["step_details"]["tool_calls"]:
            yield "call", call["function"].get("name")
            yield "tool", call["function"]["arguments"]


def anthropic(name, said):
    assert name == said["type"]
    if name == "content_block_start":
        yield "call", said["content_block"].get("name")
    elif name == "content_block_delta":
        for field, kind in ANTHROPIC.items():
            yield kind, said["delta"].get(field)


def gemini(name, said):
    for part in said["candidates"][0]["content"]["parts"]:
        if "functionCall" in part:
            yield "call", part["functionCall"]["name"]
            yield "tool", compact(part["functionCall"]["args"])
        else:
            yield "reasoning" if part.get("thought") else "answer", part["text"]


def ollama(name, said):
    message = said.get("message", said)
    yield "reasoning", message.get("thinking")
    yield "answer", message.get("content", message.get("response"))
    for call in message.get("tool_calls", []):
        yield "call", call["function"]["name"]
        yield "tool", compact(call["function"]["arguments"])


def ai_sdk(name, said):
    kind = said["type"]
    if kind in ("text-delta", "reasoning-delta"):
        yield "answer" if kind == "text-delta" else "reasoning", said["delta"]
    elif kind == "tool-input-start":
        yield "call", said["toolName"]
    elif kind == "tool-input-delta":
        yield "tool", said["inputTextDelta"]
    elif kind.startswith("data-"):
        yield "event", kind.removeprefix("data-")


def plain(name, said):
    yield (
        "answer" if name == "message" else "event",
        said if name == "message" else name,
    )


def envelope(name, said):
    yield "answer", said["event"]["data"]


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


READERS = {
    "openai-chat": openai_chat,
    "openai-completions": openai_completions,
    "openai-responses": openai_responses,
    "openai-assistants": openai_assistants,
    "anthropic": anthropic,
    "gemini": gemini,
    "gemini-array": gemini,
    "ollama-chat": ollama,
    "ollama-generate": ollama,
    "ai-sdk": ai_sdk,
    "plain": plain,
    "envelope": envelope,
}


def heard(frame, wire_format):
    """Return what is said in the bytes of one write, which holds whole events."""
    text = frame.decode()
    if wire_format == "gemini-array":
        bodies = json.loads(f"[{text.strip(',[]').strip()}]") if "{" in text else []
        events = [("message", json.dumps(body)) for body in bodies]
    elif wire_format.startswith("ollama"):
        events = [("message", line) for line in text.splitlines() if line.strip()]
    else:
        events = [(event.event, event.data) for event in read_events(frame)]
    found = []
    for name, data in events:
        if data == "[DONE]" or not data:
            continue
        said = data if wire_format == "plain" else json.loads(data)
        found += [pair for pair in READERS[wire_format](name, said) if pair[1]]
    return found
