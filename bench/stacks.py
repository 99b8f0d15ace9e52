"""The stacks that are compared: how each is started, and what it is called."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

from bench.build import EPOLL, build
from bench.catalogue import MODELS, WIDTH

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
AIMOCK = FOLDER / "peers" / "aimock"

SITE = "bench.site.asgi:application"
TUTORIAL = "bench.peers.tutorial.asgi:application"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    name: str
    title: str
    command: tuple[str, ...]
    """{port}, {text} and {catalogue} are filled in."""
    env: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    """Distributions whose versions the report names."""
    ours: bool = False
    kindly: bool = True
    """Whether the search for the most streams also judges by gaps alone."""
    guess: int = 200
    """Streams that one core may hold: where the search for the true number begins."""
    path: str = "/v1/chat/completions"


def python(*args: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *args)


def uvicorn(app: str, *args: str) -> tuple[str, ...]:
    return python(
        *("uvicorn", "--host", "127.0.0.1", "--port", "{port}"),
        *("--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning", *args, app),
    )


def daphne(app: str) -> tuple[str, ...]:
    return python(
        "daphne", "--bind", "127.0.0.1", "--port", "{port}", "--verbosity", "0", app
    )


ON_UVICORN = ("uvicorn", "uvloop", "httptools")
ON_DAPHNE = ("daphne", "twisted")


def _ours(lane: str, server: str, guess: int) -> Stack:
    on_uvicorn = server == "uvicorn"
    lanes = {
        "ordinary": "streams, ordinary lane",
        "direct": "streams, direct lane",
        "short": "streams, direct lane, short path",
    }
    return Stack(
        name=f"{lane}-{server}",
        title=f"{lanes[lane]}, {'uvicorn' if on_uvicorn else 'Daphne'}",
        command=uvicorn(SITE) if on_uvicorn else daphne(SITE),
        env={"LANE": lane},
        packages=("django", *(ON_UVICORN if on_uvicorn else ON_DAPHNE)),
        ours=True,
        kindly=False,
        guess=guess,
    )


def _both(
    name: str, title: str, app: str, guess: int = 200, **fields: str
) -> list[Stack]:
    """Return an ASGI application on uvicorn and on Daphne."""
    return [
        Stack(
            name=f"{name}-uvicorn",
            title=f"{title}, uvicorn",
            command=uvicorn(app),
            packages=ON_UVICORN,
            guess=guess,
            **fields,
        ),
        Stack(
            name=f"{name}-daphne",
            title=f"{title}, Daphne",
            command=daphne(app),
            packages=ON_DAPHNE,
            guess=guess // 2,
            **fields,
        ),
    ]


_MODELS = tuple(map(str, MODELS.values()))

_ALL = [
    _ours("direct", "uvicorn", 1200),
    _ours("direct", "daphne", 600),
    _ours("short", "uvicorn", 1200),
    _ours("short", "daphne", 600),
    _ours("ordinary", "uvicorn", 450),
    _ours("ordinary", "daphne", 250),
    replace(
        _ours("direct", "uvicorn", 1200),
        name="no-journal-uvicorn",
        title="streams, direct lane without its journal, uvicorn",
        env={"LANE": "direct", "BENCH_STREAMS": '{"JOURNAL": false}'},
    ),
    replace(
        _ours("direct", "uvicorn", 900),
        name="usual-gc-uvicorn",
        title="streams, direct lane without QUIET_GC, uvicorn",
        env={"LANE": "direct", "BENCH_STREAMS": '{"QUIET_GC": false}'},
    ),
    Stack(
        name="epoll",
        title="C, epoll",
        command=(str(EPOLL), "{port}", "{text}", str(WIDTH), *_MODELS),
        kindly=False,
        guess=2500,
    ),
    Stack(
        name="bare",
        title="Python, asyncio.Protocol on uvloop",
        command=python("bench.peers.bare", "{port}"),
        packages=("uvloop",),
        kindly=False,
        guess=1400,
    ),
    Stack(
        name="sse-starlette",
        title="sse-starlette, uvicorn",
        command=uvicorn("bench.peers.sse_starlette_app:application"),
        packages=("sse-starlette", "starlette", *ON_UVICORN),
        guess=450,
    ),
    Stack(
        name="starlette",
        title="Starlette StreamingResponse, uvicorn",
        command=uvicorn("bench.peers.starlette_app:application"),
        packages=("starlette", *ON_UVICORN),
        guess=600,
    ),
    Stack(
        name="aimock",
        title="aimock, Node.js",
        command=(
            str(AIMOCK / "node_modules" / ".bin" / "node"),
            str(AIMOCK / "server.mjs"),
            "{port}",
            "{catalogue}",
        ),
        guess=600,
    ),
    *_both("naive", "Django, tutorial view", TUTORIAL, 400),
    *_both("asgi", "bare ASGI application", "bench.peers.asgi_app:application", 700),
    *_both("trivial", "Django, HttpResponse", TUTORIAL, path="/ok"),
]

STACKS = {stack.name: stack for stack in _ALL}


def prepare(folder: Path, stacks: list[Stack]) -> dict[str, str]:
    """Build what the stacks need; return what is filled into their commands."""
    build()
    if any(stack.name == "aimock" for stack in stacks) and not aimock_version():
        raise SystemExit(f"aimock is not installed: run sh {AIMOCK / 'install.sh'}")
    longest = max(MODELS.values(), key=lambda model: model.events)
    text, catalogue = folder / "text", folder / "catalogue.json"
    text.write_text(longest.text)
    models = [
        {"name": model.name, "text": model.text, "delay_ms": model.delay_ms}
        for model in MODELS.values()
    ]
    catalogue.write_text(json.dumps({"width": WIDTH, "models": models}))
    return {"text": str(text), "catalogue": str(catalogue)}


def versions(stack: Stack) -> dict[str, str]:
    """Return what a stack is made of, with versions."""
    if stack.name == "aimock":
        return {"aimock": aimock_version(), "node": _npm_version("node")}
    django = TUTORIAL in stack.command and "django" not in stack.packages
    names = (*(("django",) if django else ()), *stack.packages)
    return {name: metadata.version(name) for name in names}


def aimock_version() -> str:
    return _npm_version("@copilotkit/aimock")


def _npm_version(package: str) -> str:
    path = AIMOCK / "node_modules" / package / "package.json"
    if not path.exists():
        return ""
    return str(json.loads(path.read_text())["version"])
