"""A minimal project: proves that the app stands without the demo site."""

import os

import dj_database_url


def _list(name: str) -> list[str]:
    """Read a switch that tests set for the servers they start."""
    return os.environ.get(name, "").split()


SECRET_KEY = "tests"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "test", "testserver"]
DEBUG = False
USE_TZ = True
ROOT_URLCONF = "tests.urls"
ASGI_APPLICATION = "tests.asgi.application"
STATIC_URL = "/static/"
# The first is fast, for tests; the demo site can read the second.
PASSWORD_HASHERS = [
    f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("MD5", "PBKDF2")
]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "streams",
]

MIDDLEWARE = [
    *_list("TESTS_MIDDLEWARE"),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

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

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL", "sqlite://:memory:"),
        conn_max_age=int(os.environ.get("TESTS_CONN_MAX_AGE", "0")),
    )
}

if DATABASES["default"]["ENGINE"].endswith("sqlite3") and "DATABASE_URL" in os.environ:
    # As docs/journal.md says: an editor's transaction must not meet the journal's.
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}

if "TESTS_POOL" in os.environ:
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "max_size": int(os.environ["TESTS_POOL"])
    }

if "TESTS_REDIS" in os.environ:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [os.environ["TESTS_REDIS"]]},
        }
    }

STREAMS: dict[str, object] = {
    "DRAIN_ON_SIGTERM": "TESTS_DRAIN" in os.environ,
    "PLAYGROUND": "public",
    "QUIET_GC": "TESTS_QUIET_GC" in os.environ,
    "FORMATS": _list("TESTS_FORMATS"),
    "DEFAULT_STREAM": os.environ.get("TESTS_DEFAULT_STREAM"),
}

if "TESTS_LOG" in os.environ:
    # For tests/servers/observation.py, which compares times and processes.
    LOGGING = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "exact": {
                "format": "%(created).6f %(process)d %(name)s %(levelname)s %(message)s"
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "exact"}
        },
        "loggers": {
            "streams": {"handlers": ["stderr"], "level": "INFO", "propagate": False}
        },
    }
