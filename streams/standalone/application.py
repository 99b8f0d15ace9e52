"""The ASGI application of a server that nobody made a project for."""

from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

from streams.asgi import direct
from streams.routing import websocket_urlpatterns


def get_application() -> Any:
    """Return it, with Django set up already."""
    http: Any = ASGIStaticFilesHandler(get_asgi_application())
    return ProtocolTypeRouter(
        {"http": direct(http), "websocket": URLRouter(websocket_urlpatterns)}
    )
