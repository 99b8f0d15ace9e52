"""How many streams may play at once: in this process, of one stream, for one client.

Counts are of this process, so that they need no database and no cleaning up after a
crash; with several workers, divide.
"""

from collections import Counter
from collections.abc import Hashable
from threading import RLock

from streams.conf import conf
from streams.exceptions import Problem
from streams.models import Stream

RETRY_AFTER = 5
"""Seconds after which a refused client should ask again."""

PROCESS = "process"

# Re-entrant: a ticket may be collected as garbage while this thread holds it.
_lock = RLock()
_playing: Counter[Hashable] = Counter()


class Ticket:
    """The right to play one stream. Released at the end of the run, or when dropped."""

    __slots__ = ("__weakref__", "_begun", "_keys")

    def __init__(self, keys: tuple[Hashable, ...]) -> None:
        self._keys = keys
        self._begun = False

    def begin(self) -> None:
        """Say that the stream plays: from now on, its end releases the ticket."""
        self._begun = True

    def release_unless_begun(self) -> None:
        """Give back a right that nobody came to use.

        A client that leaves before the first byte may leave its response in a cycle of
        references, where only the garbage collector finds it, some day.
        """
        if not self._begun:
            self.release()

    def release(self) -> None:
        keys, self._keys = self._keys, ()
        with _lock:
            for key in keys:
                _playing[key] -= 1
                if not _playing[key]:
                    del _playing[key]

    # A response that is never played, since its client left early, has no other end.
    __del__ = release


def admit(stream: Stream, client: str) -> Ticket:
    """Return a ticket; raise Problem with status 429 where there is no room."""
    limits: list[tuple[Hashable, int | None, str]] = [
        (PROCESS, conf.max_streams, "this site"),
        (
            ("stream", stream.pk),
            stream.max_concurrent,
            f"stream '{stream.slug}'",
        ),
        (
            ("client", client),
            conf.max_streams_per_client,
            "one client",
        ),
    ]
    with _lock:
        for key, most, what in limits:
            if most is not None and _playing[key] >= most:
                raise Problem(
                    status=429,
                    # Some vendors tell a busy server from a client that asks too much.
                    code="overloaded" if key == PROCESS else "too_many_streams",
                    message=(
                        f"The limit of {what} is {most:,} at once, and it is reached."
                        f" Retry in {RETRY_AFTER} s."
                    ),
                    headers={"Retry-After": str(RETRY_AFTER)},
                )
        keys = tuple(key for key, most, _ in limits if most is not None)
        _playing.update(keys)
    return Ticket(keys)
