"""`uvicorn bench.site.asgi:application`; the environment variable LANE chooses:

ordinary  Django's response, as on any site
direct    the direct lane
short     the direct lane, and for /v1/ without the middleware
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.site.settings")

application = get_asgi_application()
lane = os.environ.get("LANE", "ordinary")

if lane != "ordinary":
    from streams.asgi import direct

    options = {"short": ("/v1/",)} if lane == "short" else {}
    application = direct(application, **options)
