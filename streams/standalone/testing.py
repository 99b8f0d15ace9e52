"""For tests in other processes: streams made, controlled and looked into over HTTP.

Open to whoever shows the token that the server was started with, and to nobody if it
was started without.
"""

import json
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from streams.control import Action, Command, send
from streams.core.fault_specs import parse_faults
from streams.core.faults import Fault
from streams.documents import PortingError, dump, join
from streams.exceptions import Problem
from streams.formats.call import Call
from streams.http import release_connections
from streams.journal import Entry
from streams.models import Script, Stream
from streams.porting import OnConflict
from streams.porting.planning import plan
from streams.porting.reading import read_document
from streams.porting.writing import carry_out
from streams.signals import called

MOST_CALLS = 10_000
"""Calls that are remembered."""


@dataclass(frozen=True, slots=True)
class _Called:
    entry: Entry
    call: Call
    planned: int


_calls: deque[_Called] = deque(maxlen=MOST_CALLS)

_made: dict[str, dict[str, Any]] = {}
"""What was asked of each stream, so that an edit says only what is new."""

View = Callable[..., Awaitable[HttpResponse]]


@receiver(called)
def _remember(entry: Entry, call: Call, planned: int, **signal: Any) -> None:
    if _token():
        _calls.append(_Called(entry, call, planned))


def _token() -> str:
    token: str = getattr(settings, "STREAMS_TOKEN", "")
    return token


def _for_tests(view: View) -> Any:
    async def answer(request: HttpRequest, **kwargs: str) -> HttpResponse:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = _token()
        if not token or not secrets.compare_digest(shown.encode(), token.encode()):
            return JsonResponse({"error": "There is nothing here."}, status=404)
        try:
            return await view(request, **kwargs)
        except (PortingError, Problem) as error:
            return JsonResponse({"error": str(error)}, status=400)

    return csrf_exempt(answer)


@_for_tests
async def stream(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a stream, say what was asked of it, or delete it."""
    match request.method:
        case "PUT":
            fields = {**_made.get(slug, {}), **json.loads(request.body)}
            await sync_to_async(_in_thread)(_make, slug, dict(fields))
            _made[slug] = fields
            return JsonResponse({"slug": slug})
        case "DELETE":
            _made.pop(slug, None)
            await sync_to_async(_in_thread)(_delete, slug)
            return JsonResponse({"slug": slug})
    said = [one for one in _calls if one.entry.stream == slug]
    return JsonResponse({"calls": [_about(one) for one in said]})


@_for_tests
async def control(request: HttpRequest, slug: str, action: str) -> HttpResponse:
    """Hold, release, … what plays of a stream; say which runs took it."""
    fields = json.loads(request.body or b"{}")
    if action == "hold" and "after" in fields:
        # Runs to come as well.
        await sync_to_async(_in_thread)(_hold_after, slug, fields["after"])
        if fields["after"] is None:
            return JsonResponse({"runs": []})
    command = Command(action=Action(action), slug=slug, **fields)
    report = await send(command)
    return JsonResponse({"runs": report.runs})


def _in_thread(function: Callable[..., None], *args: object) -> None:
    try:
        function(*args)
    finally:
        release_connections()


def _make(slug: str, fields: dict[str, Any]) -> None:
    """Make a stream and its script, or change them; from now on it is the default.

    What can be wrong with either is said as it would be of files.
    """
    text, rendering = fields.pop("text", None), fields.pop("rendering", "literal")
    fault = fields.pop("fault", None)
    documents = []
    if text is not None:
        script = text
        if rendering != "literal" or text.startswith("---"):
            script = join({"slug": slug, "rendering": rendering}, text)
        documents.append(read_document(f"{slug}.md", script.encode()))
    if fault:
        injected = [_fault(one) for one in parse_faults(fault)]
        fields["faults"] = [*fields.get("faults", []), *injected]
    said = dump({"slug": slug, "script": slug, **fields}).encode()
    documents.append(read_document(f"{slug}.yaml", said, published=True))
    report = plan(documents, on_conflict=OnConflict.REPLACE)
    if report.mistakes:
        raise PortingError("\n".join(map(str, report.mistakes)))
    carry_out(report)
    # Whatever model a test's program asks for, it gets the stream of the test.
    settings.STREAMS["DEFAULT_STREAM"] = slug


def _hold_after(slug: str, chunks: int | None) -> None:
    if slug in _made:
        _made[slug]["hold_after"] = chunks
    stream = Stream.objects.get(slug=slug)
    stream.hold_after = chunks
    try:
        stream.full_clean()
    except ValidationError as error:
        raise PortingError(f"hold_after: {' '.join(error.messages)}") from None
    stream.save()


def _fault(fault: Fault) -> dict[str, Any]:
    """Return a fault as a stream's file has it."""
    said: dict[str, Any] = {"kind": str(fault.kind), "always": fault.always}
    if fault.kind.is_act and fault.position is not None:
        said["at_position"] = fault.position
    elif fault.kind.is_act:
        said["after_event"] = fault.event
    if fault.kind.takes_seconds:
        said["seconds"] = fault.seconds
    if fault.kind == "status":
        said["status"] = fault.status
        said["retry_after_s"] = fault.retry_after
    if fault.error:
        said["error_type"] = fault.error
    return {name: value for name, value in said.items() if value is not None}


def _delete(slug: str) -> None:
    Stream.objects.filter(slug=slug).delete()
    Script.objects.filter(slug=slug, streams=None, rule_parts=None).delete()
    if settings.STREAMS["DEFAULT_STREAM"] == slug:
        settings.STREAMS["DEFAULT_STREAM"] = None


def _about(one: _Called) -> dict[str, Any]:
    entry, call = one.entry, one.call
    return {
        "run": entry.run_id,
        "format": entry.format,
        "transport": entry.transport,
        "prompt": call.prompt,
        "messages": [{"role": m.role, "content": m.content} for m in call.messages],
        "system": call.system,
        "model": call.model,
        "params": json.loads(json.dumps(dict(call.params), default=str)),
        "session": call.session,
        "script": entry.script,
        "rule": entry.rule,
        "faults": list(entry.faults),
        "seed": entry.seed,
        "position": entry.position,
        "outcome": entry.outcome,
        "steps": entry.steps,
        "planned": one.planned,
        "bytes": entry.bytes,
        "lateness": entry.lateness,
    }
