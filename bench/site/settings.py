"""`streams` in a project as `django-admin startproject` makes one.

BENCH_DATABASE  the SQLite file
BENCH_STREAMS   JSON to put into the setting STREAMS
LANE            see asgi.py
"""

import json
import os

from bench.peers.tutorial import settings as tutorial

SECRET_KEY = "bench"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.site.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [*tutorial.INSTALLED_APPS, "streams"]
MIDDLEWARE = tutorial.MIDDLEWARE

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
STATIC_URL = "static/"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["BENCH_DATABASE"],
        # As the demo site: readers beside a writer, which waits for its turn.
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}

STREAMS = {
    # Exact counting takes 130 MB, whichever lane.
    "TOKENIZER": "estimate",
    # As the demo site has it; the ordinary lane is measured as it comes.
    "QUIET_GC": os.environ.get("LANE", "ordinary") != "ordinary",
    **json.loads(os.environ.get("BENCH_STREAMS", "{}")),
}
