"""What the Gemini API answers, whole and piece by piece.

The fields are those of the API reference ("Generating content"); what clients need of
them was found with the SDKs.
"""

from collections.abc import Iterable, Iterator

from streams.core.directions import Channel
from streams.core.encoding import dump_json, to_utf8
from streams.core.steps import Step
from streams.formats.base import Context, Usage, Writer
from streams.formats.failures import find_failure
from streams.formats.pieces import Pieces, arguments
from streams.formats.reply import Part

FINISH_REASONS = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
}

# The names that google.rpc.Code has for HTTP statuses.
STATUSES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

# A candidate must have a part, or Google's SDK for Python forgets the turn.
NOTHING = Part(channel=Channel.ANSWER)


# As `spoken` has them, around the text.
_TEXT_PARTS = {
    Channel.ANSWER: b'{"text":%s}',
    Channel.REASONING: b'{"text":%s,"thought":true}',
    Channel.REFUSAL: b'{"text":%s}',
}


class GeminiWriter(Writer):
    """Responses as Server-Sent Events: `data:` alone, with CRLF, as Google sends them.

    Google's SDK for Python takes any other line for part of the JSON.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._pieces = Pieces()
        # What is about the part of each candidate: the same in every response.
        about = dump_json(response(context, [NOTHING])).split('{"text":""}')
        self._about = [to_utf8(some) for some in about]
        self._calls = 0
        self._refused = False

    def step(self, step: Step) -> bytes:
        if step.direction is None and step.channel != Channel.TOOL:
            if is_hidden(step.channel, self.context):
                return b""
            self._refused |= step.channel == Channel.REFUSAL
            part = _TEXT_PARTS[step.channel] % step.json
            return self.frame(part.join(self._about))
        called = self._pieces.take(step)
        if called is None:
            return b""
        body = response(self.context, [called], first_call=self._calls)
        self._calls += 1
        return self.frame(to_utf8(dump_json(body)))

    def closing(self) -> bytes:
        reason = finish_reason(self.context, self._refused)
        body = response(self.context, [NOTHING], reason)
        return self.frame(to_utf8(dump_json(body)))

    def error(self, message: str, kind: str = "") -> bytes:
        status = find_failure(kind).status
        body = error_body(status, f"{message} (run {self.context.run_id})")
        return self.frame(to_utf8(dump_json(body)))

    def frame(self, json: bytes) -> bytes:
        return b"data: %s\r\n\r\n" % json


class GeminiArrayWriter(GeminiWriter):
    """The same responses as one JSON array, element by element."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._before = b""

    def opening(self) -> bytes:
        return b"["

    def closing(self) -> bytes:
        return super().closing() + b"]"

    def error(self, message: str, kind: str = "") -> bytes:
        return super().error(message, kind) + b"]"

    def frame(self, json: bytes) -> bytes:
        before, self._before = self._before, b",\r\n"
        return before + json


def response(
    context: Context, parts: list[Part], reason: str | None = None, first_call: int = 0
) -> dict[str, object]:
    """Return a GenerateContentResponse; the last, with its reason, has the usage."""
    candidates: list[dict[str, object]] = []
    for index in range(context.call.choices):
        said = list(_parts(parts, f"{context.run_id[:20]}{index:x}", first_call))
        candidate: dict[str, object] = {"content": {"parts": said, "role": "model"}}
        if reason:
            candidate["finishReason"] = reason
        candidates.append({**candidate, "index": index})
    body: dict[str, object] = {"candidates": candidates}
    if reason:
        body["usageMetadata"] = usage_of(context.usage, context.call.choices)
    return {**body, "modelVersion": context.model, "responseId": context.run_id}


def _parts(
    parts: Iterable[Part], call_id: str, first_call: int
) -> Iterator[dict[str, object]]:
    calls = first_call
    for part in parts:
        if part.channel != Channel.TOOL:
            yield spoken(part)
            continue
        call = {"name": part.name, "args": arguments(part)}
        yield {"functionCall": {"id": f"{call_id}_{calls}", **call}}
        calls += 1


def spoken(part: Part) -> dict[str, object]:
    """Return a part with text."""
    if part.channel == Channel.REASONING:
        return {"text": part.text, "thought": True}
    return {"text": part.text}


def is_hidden(channel: Channel, context: Context) -> bool:
    """Tell whether a text is a thought that the caller does not want to know."""
    if channel != Channel.REASONING:
        return False
    return not context.call.options.get("thoughts", True)


def finish_reason(context: Context, refused: bool) -> str:
    """Return why the answer ends; there is no other way to say that it is a refusal."""
    reason = FINISH_REASONS[context.finish]
    return "SAFETY" if refused and reason == "STOP" else reason


def usage_of(usage: Usage, choices: int) -> dict[str, object]:
    """Return the usage of several answers to one prompt, thoughts apart."""
    answer = usage.completion - usage.reasoning
    return {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": answer * choices,
        "thoughtsTokenCount": usage.reasoning * choices,
        "totalTokenCount": usage.prompt + usage.completion * choices,
    }


def error_body(
    status: int,
    message: str,
    *,
    param: str | None = None,
    retry_after: str | None = None,
) -> dict[str, object]:
    """Return an error; `details` name the field at fault and when to ask again."""
    details: list[dict[str, object]] = []
    if param:
        violation = {"field": param, "description": message}
        details.append(_detail("BadRequest", fieldViolations=[violation]))
    if retry_after:
        details.append(_detail("RetryInfo", retryDelay=f"{retry_after}s"))
    other = "INTERNAL" if status >= 500 else "INVALID_ARGUMENT"
    error: dict[str, object] = {
        "code": status,
        "message": message,
        "status": STATUSES.get(status, other),
    }
    return {"error": {**error, "details": details} if details else error}


def _detail(kind: str, **fields: object) -> dict[str, object]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}
