"""The app's WebSockets, for your `asgi.py`:

application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": streams.routing.application}
)
"""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from streams.consumers import StreamConsumer

consumer: Any = StreamConsumer.as_asgi()
websocket_urlpatterns: list[Any] = [path("ws/streams/<str:slug>/", consumer)]

application = AllowedHostsOriginValidator(
    AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
)
