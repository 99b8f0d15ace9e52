"""A folder of scripts that is loaded, and again when its files change."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

from django.conf import settings
from django.db import connections

from streams.models import Stream
from streams.porting import PortingError, Report, load_folder

logger = logging.getLogger("streams")

LOOK_EVERY = 0.3
"""Seconds from one look at the folder to the next."""


class Folder:
    """The folder that is served."""

    def __init__(self, path: Path, default: str = "") -> None:
        self.path = path
        self._default = default
        self._stop = Event()
        self._seen: dict[Path, tuple[int, int]] = {}

    def load(self) -> None:
        """Load it for the first time; raise PortingError if anything is wrong."""
        self._seen = self._look()
        report = load_folder(self.path, prune=True)
        if report.mistakes:
            raise PortingError("\n".join(map(str, report.mistakes)))
        self._choose_default()

    def watch(self) -> None:
        """Load what changes, from now on."""
        Thread(target=self._watch, name="streams-folder", daemon=True).start()

    def summary(self, url: str) -> str:
        """Say what there is, and where."""
        slugs = list(Stream.objects.order_by("slug").values_list("slug", flat=True))
        count = "1 stream" if len(slugs) == 1 else f"{len(slugs)} streams"
        lines = [f"{count} of {self.path} on {url}"]
        lines += [f"  {url}/streams/{slug}/events" for slug in slugs]
        lines += [
            f"OpenAI's SDKs: OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY=any",
            f"Anthropic's: ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=any",
        ]
        return "\n".join(lines)

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            seen = self._look()
            if seen == self._seen:
                continue
            self._seen = seen
            try:
                self._tell(load_folder(self.path, prune=True, keep_going=True))
                self._choose_default()
            except (PortingError, OSError) as error:
                print(error, file=sys.stderr, flush=True)
            except Exception:
                # The next change is looked at again.
                logger.exception("%s cannot be loaded", self.path)
            finally:
                connections.close_all()

    def _tell(self, report: Report) -> None:
        for mistake in report.mistakes:
            print(mistake, file=sys.stderr, flush=True)
        for entry in report.entries:
            if entry.becomes:
                print(f"{entry.document.file}: {entry.outcome}", flush=True)
        for slug in report.removed:
            print(f"{slug}: removed", flush=True)

    def _choose_default(self) -> None:
        slugs = list(Stream.objects.order_by("slug").values_list("slug", flat=True))
        if self._default and self._default not in slugs:
            raise PortingError(
                f"There is no stream '{self._default}' to answer by default. There"
                f" are: {', '.join(slugs)}."
            )
        settings.STREAMS["DEFAULT_STREAM"] = self._default or slugs[0]

    def _look(self) -> dict[Path, tuple[int, int]]:
        return dict(self._files())

    def _files(self) -> Iterator[tuple[Path, tuple[int, int]]]:
        for path in self.path.rglob("*"):
            try:
                about = path.stat()
            except OSError:
                continue  # Gone in this moment.
            yield path, (about.st_mtime_ns, about.st_size)
