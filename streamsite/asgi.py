"""`uvicorn streamsite.asgi:application`, or Daphne, or any other ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamsite.settings")

application = get_asgi_application()
