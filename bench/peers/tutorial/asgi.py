"""`uvicorn bench.peers.tutorial.asgi:application`"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.tutorial.settings")

application = get_asgi_application()
