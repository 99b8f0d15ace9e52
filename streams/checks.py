"""What can be known at start about a site that will stream."""

import difflib
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning, register
from django.db import connections, router
from django.utils.module_loading import import_string

from streams.conf import DEFAULTS, conf
from streams.formats.base import Format
from streams.models import Run
from streams.tokens import ENCODINGS, ESTIMATE

ALWAYS_LIMITED = (
    *("MAX_SCRIPT_CHARS", "MAX_HOLD_S", "KEEP_CONVERSATIONS_DAYS"),
    *("JOURNAL_DAYS", "JOURNAL_ROWS", "JOURNAL_BODIES", "JOURNAL_QUEUE"),
)

GZIP = "django.middleware.gzip.GZipMiddleware"


def _check_tokenizer(name: object) -> list[CheckMessage]:
    known = (*ENCODINGS, ESTIMATE)
    if name is None or name == ESTIMATE:
        return []
    if name not in known:
        return [
            Error(
                f"STREAMS['TOKENIZER'] is {name!r}.",
                hint=f"Use one of {', '.join(known)}, or leave it out.",
                id="streams.E006",
            )
        ]
    if find_spec("bpe_openai") is None:
        return [
            Error(
                f"STREAMS['TOKENIZER'] is {name!r}, which needs bpe-openai.",
                hint="pip install 'django-scripted-streams[tokens]'",
                id="streams.E006",
            )
        ]
    return []


def _check_control_layer(chosen: dict[str, Any]) -> list[CheckMessage]:
    alias = chosen.get("CONTROL_LAYER")
    known = getattr(settings, "CHANNEL_LAYERS", {})
    # The default may be missing: a process then controls its own runs only.
    if alias is None or (isinstance(alias, str) and alias in known):
        return []
    return [
        Error(
            f"STREAMS['CONTROL_LAYER'] is {alias!r}, which CHANNEL_LAYERS lacks.",
            hint=(
                f"Use {' or '.join(map(repr, known))}, or leave it out."
                if known
                else "Set CHANNEL_LAYERS (docs/control.md), or leave it out."
            ),
            id="streams.E008",
        )
    ]


@register
def check_settings(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Find misspelt keys and formats that are none."""
    chosen = getattr(settings, "STREAMS", {})
    if not isinstance(chosen, dict):
        return [Error("STREAMS is not a dict.", id="streams.E001")]
    found: list[CheckMessage] = []
    for name in chosen:
        if name not in DEFAULTS:
            near = difflib.get_close_matches(str(name), DEFAULTS, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else None
            known = ", ".join(DEFAULTS)
            found.append(
                Error(
                    f"STREAMS has no setting '{name}'; known: {known}.",
                    hint=hint,
                    id="streams.E002",
                )
            )
    if chosen.get("PLAYGROUND") not in (None, "public", "staff", "off"):
        found.append(
            Error(
                f"STREAMS['PLAYGROUND'] is {chosen['PLAYGROUND']!r}.",
                hint="Use 'public', 'staff' or 'off', or leave it out.",
                id="streams.E003",
            )
        )
    for name, value in chosen.items():
        lowest = 0 if name == "JOURNAL_BODIES" else 1
        good = isinstance(value, int) and value >= lowest
        unlimited = value is None and name not in ALWAYS_LIMITED
        counted = name.startswith("MAX_") or name in ALWAYS_LIMITED
        if counted and name in DEFAULTS and not (good or unlimited):
            hint = "Use a whole number above 0." if lowest else "Use a whole number."
            found.append(
                Error(f"STREAMS['{name}'] is {value!r}.", hint=hint, id="streams.E005")
            )
    switching = chosen.get("SWITCH_INTERVAL_MS", 1)
    if switching is not None and not (
        isinstance(switching, int | float) and 0 < switching <= 1000
    ):
        found.append(
            Error(
                f"STREAMS['SWITCH_INTERVAL_MS'] is {switching!r}.",
                hint="Use milliseconds, 1000 at most; or None to leave it to Python.",
                id="streams.E005",
            )
        )
    if chosen.get("JOURNAL") not in (None, True, False):
        found.append(
            Error(
                f"STREAMS['JOURNAL'] is {chosen['JOURNAL']!r}.",
                hint="Use True or False, or leave it out.",
                id="streams.E007",
            )
        )
    found += _check_tokenizer(chosen.get("TOKENIZER"))
    found += _check_control_layer(chosen)
    quick = chosen.get("QUICK_MIDDLEWARE", [])
    if not isinstance(quick, list | tuple) or not set(settings.MIDDLEWARE) >= {*quick}:
        found.append(
            Error(
                f"STREAMS['QUICK_MIDDLEWARE'] is {quick!r}.",
                hint="Give a list of paths that are in MIDDLEWARE, too.",
                id="streams.E009",
            )
        )
    for path in chosen.get("FORMATS", []):
        try:
            good = issubclass(import_string(path), Format)
        except (ImportError, TypeError):
            good = False
        if not good:
            found.append(
                Error(
                    f"STREAMS['FORMATS'] names '{path}', which is not a Format class.",
                    hint="Give paths of subclasses of streams.formats.base.Format.",
                    id="streams.E004",
                )
            )
    return found


def _check_journal() -> list[CheckMessage]:
    """Say what an editor's save may meet on SQLite beside the journal's."""
    alias = router.db_for_write(Run)
    connection: Any = connections[alias]
    options = connection.settings_dict.get("OPTIONS") or {}
    if (
        not conf.journal
        or connection.vendor != "sqlite"
        or connection.is_in_memory_db()
        or str(options.get("transaction_mode")).upper() in ("IMMEDIATE", "EXCLUSIVE")
    ):
        return []
    return [
        Info(
            f"Database '{alias}' is SQLite, whose transactions begin as readers: a save"
            " in the admin at the moment in which the journal writes can fail with"
            " 'database is locked'.",
            hint=(
                f"On a site that others use, set DATABASES['{alias}']['OPTIONS'] ="
                " {'transaction_mode': 'IMMEDIATE', 'timeout': 20}: writers then wait"
                " for one another."
            ),
            id="streams.I004",
        )
    ]


@register
def check_server(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn of what keeps events from arriving one by one."""
    found: list[CheckMessage] = []
    if not getattr(settings, "ASGI_APPLICATION", None):
        found.append(
            Warning(
                "ASGI_APPLICATION is not set, so runserver runs WSGI, where streams"
                " answer 501.",
                hint=(
                    "Put 'daphne' first in INSTALLED_APPS and set ASGI_APPLICATION ="
                    " 'yoursite.asgi.application', or run"
                    " `uvicorn yoursite.asgi:application`."
                ),
                id="streams.W001",
            )
        )
    if find_spec("channels") is None:
        found.append(
            Info(
                "Channels is not installed: streams play over HTTP, not over"
                " WebSockets.",
                hint=(
                    "If you want them: pip install"
                    " 'django-scripted-streams[channels]', and add"
                    " streams.routing.application to your asgi.py."
                ),
                id="streams.I003",
            )
        )
    if GZIP in settings.MIDDLEWARE:
        found.append(
            Info(
                "GZipMiddleware found. Streams are sent with Content-Encoding:"
                " identity, because Django compresses each event on its own and"
                " browsers show only the first.",
                hint="Nothing to do.",
                id="streams.I001",
            )
        )
    found += _check_journal()
    atomic = [
        alias
        for alias, database in settings.DATABASES.items()
        if database.get("ATOMIC_REQUESTS")
    ]
    if atomic:
        found.append(
            Info(
                f"ATOMIC_REQUESTS is on for {', '.join(atomic)}. Django refuses it for"
                " async views; the stream view opts out.",
                hint=(
                    "Nothing to do, unless an async view of yours wraps it: decorate"
                    " that one with transaction.non_atomic_requests."
                ),
                id="streams.I002",
            )
        )
    return found
