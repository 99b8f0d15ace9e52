"""`uvicorn streamsite.asgi:application`, or Daphne, or any other ASGI server."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamsite.settings")

# First: it sets Django up, which the sockets need.
http = get_asgi_application()

from streams.asgi import direct  # noqa: E402
from streams.routing import application as websocket  # noqa: E402

application = ProtocolTypeRouter({"http": direct(http), "websocket": websocket})
