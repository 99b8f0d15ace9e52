"""The `STREAMS` setting, typed. Read late, so that `override_settings` just works."""

import sys
from typing import Any, Literal

from django.conf import settings

PlaygroundAccess = Literal["public", "staff", "off"]

DEFAULTS: dict[str, Any] = {
    # Dotted paths of `Format` classes to add to the built-in ones.
    "FORMATS": [],
    # Who may open the playground pages; None: everybody while DEBUG, else staff.
    "PLAYGROUND": None,
    # Say goodbye to open streams on SIGTERM, before the server's own handler.
    "DRAIN_ON_SIGTERM": False,
    # Most streams that one process plays at once, and for one client (None: no limit).
    "MAX_STREAMS": 10_000,
    "MAX_STREAMS_PER_CLIENT": None,
    # Longest stream, in seconds, and largest, in bytes.
    "MAX_DURATION_S": 3600,
    "MAX_BYTES": 100_000_000,
    # Longest hold of a stream, in seconds: it ends then.
    "MAX_HOLD_S": 300,
    # Slug of the stream that answers API clients who name no published one (None: an
    # error says which there are).
    "DEFAULT_STREAM": None,
    # How tokens are counted: "o200k_base", "cl100k_base", "estimate"; None: the first
    # if the extra `tokens` is installed, else an estimate.
    "TOKENIZER": None,
    # Days for which conversations of the Assistants and Responses APIs are kept.
    "KEEP_CONVERSATIONS_DAYS": 30,
    # Whether runs are recorded; None: they are, except in Django's test runner.
    "JOURNAL": None,
    # Days for which runs are kept, and most rows of them.
    "JOURNAL_DAYS": 30,
    "JOURNAL_ROWS": 100_000,
    # Characters of a request's body that its run keeps.
    "JOURNAL_BODIES": 0,
    # Most runs that wait to be written, in each process.
    "JOURNAL_QUEUE": 10_000,
    # Alias of the channel layer by which processes control one another's runs (None: a
    # process controls its own only).
    "CONTROL_LAYER": "default",
    # Collect garbage in quiet moments: see docs/settings.md.
    "QUIET_GC": False,
    # While streams play, milliseconds after which a thread that runs Python lets others
    # run (None: as Python has it).
    "SWITCH_INTERVAL_MS": 0.5,
    # Dotted paths of middleware that may be called on the event loop.
    "QUICK_MIDDLEWARE": [],
    # Longest script, in code points.
    "MAX_SCRIPT_CHARS": 1_000_000,
}


class Conf:
    """One property a setting."""

    def _get(self, name: str) -> Any:
        chosen = getattr(settings, "STREAMS", {})
        # Anything else is for the system check E001 to say.
        return (chosen if isinstance(chosen, dict) else {}).get(name, DEFAULTS[name])

    def _number(self, name: str) -> int | None:
        chosen = self._get(name)
        return None if chosen is None else int(chosen)

    @property
    def formats(self) -> list[str]:
        return list(self._get("FORMATS"))

    @property
    def playground(self) -> PlaygroundAccess:
        chosen: PlaygroundAccess | None = self._get("PLAYGROUND")
        return chosen or ("public" if settings.DEBUG else "staff")

    @property
    def drain_on_sigterm(self) -> bool:
        return bool(self._get("DRAIN_ON_SIGTERM"))

    @property
    def max_streams(self) -> int | None:
        return self._number("MAX_STREAMS")

    @property
    def max_streams_per_client(self) -> int | None:
        return self._number("MAX_STREAMS_PER_CLIENT")

    @property
    def max_duration(self) -> int | None:
        return self._number("MAX_DURATION_S")

    @property
    def max_bytes(self) -> int | None:
        return self._number("MAX_BYTES")

    @property
    def max_hold(self) -> int:
        return int(self._get("MAX_HOLD_S"))

    @property
    def default_stream(self) -> str | None:
        chosen = self._get("DEFAULT_STREAM")
        return None if chosen is None else str(chosen)

    @property
    def tokenizer(self) -> str | None:
        chosen = self._get("TOKENIZER")
        return None if chosen is None else str(chosen)

    @property
    def keep_conversations_days(self) -> int:
        return int(self._get("KEEP_CONVERSATIONS_DAYS"))

    @property
    def journal(self) -> bool:
        chosen = self._get("JOURNAL")
        # A test's database is no place for a thread that the test does not know of.
        return not _in_test_runner() if chosen is None else bool(chosen)

    @property
    def journal_days(self) -> int:
        return int(self._get("JOURNAL_DAYS"))

    @property
    def journal_rows(self) -> int:
        return int(self._get("JOURNAL_ROWS"))

    @property
    def journal_bodies(self) -> int:
        return int(self._get("JOURNAL_BODIES"))

    @property
    def journal_queue(self) -> int:
        return int(self._get("JOURNAL_QUEUE"))

    @property
    def control_layer(self) -> str | None:
        chosen = self._get("CONTROL_LAYER")
        return None if chosen is None else str(chosen)

    @property
    def quiet_gc(self) -> bool:
        return bool(self._get("QUIET_GC"))

    @property
    def switch_interval(self) -> float | None:
        """In seconds."""
        chosen = self._get("SWITCH_INTERVAL_MS")
        return None if chosen is None else float(chosen) / 1000

    @property
    def quick_middleware(self) -> list[str]:
        return list(self._get("QUICK_MIDDLEWARE"))

    @property
    def max_script_chars(self) -> int:
        return int(self._get("MAX_SCRIPT_CHARS"))


def _in_test_runner() -> bool:
    """Tell whether Django's setup_test_environment() was called, as by pytest-django.

    Nothing public says so: an outbox, for one, comes with some email backends.
    """
    utils = sys.modules.get("django.test.utils")
    return hasattr(getattr(utils, "_TestState", None), "saved_data")


conf = Conf()
