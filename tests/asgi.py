"""The tests' site; /-/vitals looks into the server's process, /-/open stays open."""

import asyncio
import gc
import json
import os
import sys
import threading

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

http = get_asgi_application()

from streams.asgi import direct  # noqa: E402
from streams.routing import application as websocket  # noqa: E402

if os.environ.get("TESTS_LANE", "direct") == "direct":
    http = direct(http, short=os.environ.get("TESTS_SHORT", "").split())

django_application = ProtocolTypeRouter({"http": http, "websocket": websocket})


async def application(scope, receive, send):
    if scope.get("path") == "/-/open":
        await stay_open(receive, send)
        return
    if scope.get("path") != "/-/vitals":
        await django_application(scope, receive, send)
        return
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(vitals()).encode()})


async def stay_open(receive, send):
    """Begin to answer and wait for the client to leave: the least a stream can cost."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send(
        {"type": "http.response.body", "body": b"data: x\n\n", "more_body": True}
    )
    while (await receive())["type"] != "http.disconnect":
        pass


def vitals() -> dict[str, int]:
    """Count what streams could leave behind; the request for it counts, too."""
    return {
        "pid": os.getpid(),
        "tasks": len(asyncio.all_tasks()),
        "threads": threading.active_count(),
        "connections": len(_server_connections()),
    }


def _server_connections():
    """Return the connections that Daphne or uvicorn keeps a list of; others do not."""
    for name, kind in (("daphne", "Server"), ("uvicorn", "ServerState")):
        module = sys.modules.get(f"{name}.server")
        for found in gc.get_objects() if module else ():
            # Not isinstance(), which wakes lazy objects.
            if type(found) is getattr(module, kind):
                return found.connections
    return ()
