"""Django's settings for a server that nobody made a project for."""

from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management.utils import get_random_secret_key

EXPOSED = (
    *("x-stream-run", "x-stream-script", "x-stream-rule", "x-stream-revision"),
    *("x-stream-seed", "x-stream-fault", "retry-after"),
)
"""What pages of other origins may read of an answer's headers."""

ASKED = (
    *("accept", "authorization", "cache-control", "content-type", "last-event-id"),
    *("x-api-key", "x-goog-api-key", "anthropic-version", "anthropic-beta"),
    *("anthropic-dangerous-direct-browser-access", "openai-organization"),
    *("openai-project", "user-agent"),
)
"""What pages of other origins may send, beside everything that begins with `x-`."""


def configure(database: Path, *, token: str = "") -> None:
    """Set Django up with a database in a file, and make its tables.

    With a `token`, whoever shows it may make streams and control them: for tests.
    """
    settings.configure(**_settings(database, token))
    django.setup()
    # What needs the settings can be imported only now.
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _settings(database: Path, token: str) -> dict[str, Any]:
    from corsheaders.defaults import default_headers

    return {
        "DEBUG": False,
        "SECRET_KEY": get_random_secret_key(),
        # It has nothing to protect but scripts; a name of this machine may be any.
        "ALLOWED_HOSTS": ["*"],
        "INSTALLED_APPS": [
            "corsheaders",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.staticfiles",
            "streams",
        ],
        "MIDDLEWARE": ["corsheaders.middleware.CorsMiddleware"],
        # A page on any port of this machine is tried against it.
        "CORS_ALLOW_ALL_ORIGINS": True,
        "CORS_ALLOW_HEADERS": sorted({*default_headers, *ASKED, *_overrides()}),
        "CORS_EXPOSE_HEADERS": list(EXPOSED),
        "ROOT_URLCONF": "streams.standalone.urls",
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(database),
                "OPTIONS": {
                    "init_command": (
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
                    ),
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                },
            }
        },
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
            }
        ],
        "CHANNEL_LAYERS": {
            "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
        },
        "STATIC_URL": "/static/",
        "USE_TZ": True,
        "LOGGING_CONFIG": None,
        "STREAMS": {
            "PLAYGROUND": "public",
            "JOURNAL": False,
            "DEFAULT_STREAM": None,
        },
        "STREAMS_TOKEN": token,
    }


def _overrides() -> set[str]:
    """Return the headers that override a stream's settings."""
    from streams.core.parameters import HEADERS

    return set(HEADERS)
