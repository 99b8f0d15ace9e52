"""Control over HTTP: what plays is held, stepped, released, stopped or dropped."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from streams.api.base import json_response
from streams.control import ON_RUNS, Action, Command, Report
from streams.control.parsing import parse_command
from streams.exceptions import Problem
from streams.formats import get_format
from streams.http import problem_response, release_connections
from streams.serving.access import stream_named
from streams.serving.requests import read_request
from streams.serving.steering import Right, find_right

AsyncView = Callable[..., Awaitable[HttpResponse]]
Answer = TypeVar("Answer")


def control(view: AsyncView) -> Callable[..., Any]:
    """Mark a view that programs and pages call; problems are said in JSON.

    Exempt from Django's check of CSRF, since keys need none: `find_right` makes it.
    """

    async def answer(request: HttpRequest, **kwargs: str) -> HttpResponse:
        try:
            return await view(request, **kwargs)
        except Problem as problem:
            return problem_response(problem, get_format("plain"))

    marked: Any = transaction.non_atomic_requests(answer)
    return cast(Callable[..., Any], csrf_exempt(login_not_required(marked)))


@control
async def run_state(request: HttpRequest, run_id: str) -> HttpResponse:
    """Say how far a run is."""
    _refuse_method(request, "GET", "HEAD")
    right, _ = await _read(request)
    report = await right.carry_out(Command(action=Action.STATE, run_id=run_id))
    return _about_one(report)


@control
async def run_action(request: HttpRequest, run_id: str, action: str) -> HttpResponse:
    """Hold, release, step, stop or drop one run."""
    if action not in ON_RUNS:
        raise Problem(
            status=404,
            code="unknown_action",
            message=f"There is no action '{action[:40]}'. Known: {', '.join(ON_RUNS)}.",
            param="action",
        )
    _refuse_method(request, "POST")
    right, fields = await _read(request)
    command = parse_command({**fields, "action": action}, run_id=run_id)
    return _about_one(await right.carry_out(command))


@control
async def stream_control(request: HttpRequest, slug: str) -> HttpResponse:
    """Say how far all runs of a stream are, or hold, release, … all of them."""
    _refuse_method(request, "GET", "HEAD", "POST")
    right, fields = await _read(request)
    await _in_thread(stream_named, slug)
    if request.method != "POST":
        fields = {**fields, "action": Action.STATE}
    command = parse_command(fields, slug=slug)
    report = await right.carry_out(command)
    answer = {
        "action": command.action.value,
        "stream": slug,
        "session": command.session,
        "runs": report.runs,
        "reach": report.reach.value,
    }
    return json_response(answer)


async def _read(request: HttpRequest) -> tuple[Right, Mapping[str, object]]:
    def read() -> tuple[Right, Mapping[str, object]]:
        right = find_right(request)
        incoming = read_request(request)
        fields = incoming.query if request.method != "POST" else incoming.body
        if fields is None:
            fields = {}
        if not isinstance(fields, Mapping):
            raise Problem(
                status=400,
                code="body_not_an_object",
                message='Send a JSON object, such as {"steps": 2}.',
            )
        return right, fields

    return await _in_thread(read)


async def _in_thread(function: Callable[..., Answer], *args: object) -> Answer:
    def call() -> Answer:
        try:
            return function(*args)
        finally:
            # A command waits for a second: others need the connection more.
            release_connections()

    return await sync_to_async(call)()


def _about_one(report: Report) -> HttpResponse:
    reach = {"reach": report.reach.value}
    if report.runs:
        return json_response({**report.runs[0], **reach})
    assert report.ended is not None
    return json_response({**report.ended, "state": "ended", **reach})


def _refuse_method(request: HttpRequest, *methods: str) -> None:
    if request.method not in methods:
        usable = " or ".join(name for name in methods if name != "HEAD")
        raise Problem(
            status=405,
            code="method_not_allowed",
            message=f"Method {request.method} is not allowed: use {usable}.",
            headers={"Allow": ", ".join(methods)},
        )
