"""The demo site. What differs from place to place comes from the environment:

DATABASE_URL          sqlite:///… (a file beside manage.py) or postgres://user:pw@host/db
REDIS_URL             redis://host:6379/0: cache and channel layer for several processes
SECRET_KEY            made once and kept in .secret-key where it is not set
ALLOWED_HOSTS         comma-separated; the loopback names by default
CSRF_TRUSTED_ORIGINS  comma-separated, with scheme: https://demo.example.org
CORS_ALLOWED_ORIGINS  the same: sites whose pages may play streams from here
DEBUG                 1 or 0; 0 by default
"""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import dj_database_url
from corsheaders.defaults import default_headers
from django.core.management.utils import get_random_secret_key

from streams.core.parameters import HEADERS

BASE_DIR = Path(__file__).resolve().parent.parent


def _list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item]


def _secret_key() -> str:
    if "SECRET_KEY" in os.environ:
        return os.environ["SECRET_KEY"]
    path = BASE_DIR / ".secret-key"
    if not path.exists():
        # Written whole, then linked: another process finds all of it, or nothing.
        with NamedTemporaryFile("w", dir=BASE_DIR) as new:
            new.write(get_random_secret_key())
            new.flush()
            with suppress(FileExistsError):
                os.link(new.name, path)
    return path.read_text()


DEBUG = os.environ.get("DEBUG", "0").lower() in ("1", "true", "yes", "on")
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = _list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = _list("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "daphne",  # before staticfiles: it gives runserver ASGI
    "corsheaders",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "streams",
    "streamsite",
]

MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",  # first: it answers preflights
    "django.middleware.security.SecurityMiddleware",
    "streamsite.policy.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# Pages of other sites: docs/cors.md explains each line.
CORS_ALLOWED_ORIGINS = _list("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/(stream_chat$|streams/|v1/|v1beta/|api/)"
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = [*default_headers, "cache-control", "last-event-id", *HEADERS]
CORS_EXPOSE_HEADERS = [
    "x-stream-run",
    "x-stream-script",
    "x-stream-revision",
    "x-stream-seed",
    "x-stream-rule",
    "x-stream-fault",
    "retry-after",
]

ROOT_URLCONF = "streamsite.urls"
ASGI_APPLICATION = "streamsite.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

# No persistent connections: under ASGI each would outlive its request in a thread of
# its own (Django documentation, "Databases", persistent connections).
DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}", conn_max_age=0
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers beside a writer, and writers that wait for one another instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }

REDIS_URL = os.environ.get("REDIS_URL")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator")
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
# Where `make messages` puts what the pages in templates/ say.
LOCALE_PATHS = [BASE_DIR / "streamsite" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
# Straight from the apps: no collectstatic to forget.
WHITENOISE_USE_FINDERS = True

STREAMS = {
    "PLAYGROUND": "public",
    "DRAIN_ON_SIGTERM": True,
    "QUIET_GC": True,
    "QUICK_MIDDLEWARE": ["streamsite.policy.content_security_policy"],
    # Programs that ask for a vendor's model hear this.
    "DEFAULT_STREAM": "greeting",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {message}", "style": "{"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        "streams": {"handlers": ["console"], "level": "INFO", "propagate": False}
    },
}
