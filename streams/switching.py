"""How soon a thread that wants to run Python may, while streams play.

Threads set streams up, write the journal and serve the site's other pages. Whenever
the event loop has looked for news, one of them may run instead, and Python lets it go
on for 5 ms before the loop has its turn again (`sys.setswitchinterval`). With several
of them, every stream of the process waits as often: with 650 streams, the latest of a
hundred events was 56 ms late, and 11 with half a millisecond.
"""

import sys
from threading import RLock

from streams.conf import conf

# Re-entrant: a run may end while this thread, holding the lock, collects garbage.
_lock = RLock()
_playing = 0
_usual = _chosen = 0.0


def begin() -> None:
    """Say that a stream begins to play."""
    global _playing, _usual, _chosen
    with _lock:
        _playing += 1
        if _playing > 1:
            return
        wanted, usual = conf.switch_interval, sys.getswitchinterval()
        if wanted is not None and wanted < usual:
            _usual = usual
            sys.setswitchinterval(wanted)
            # As Python has rounded it.
            _chosen = sys.getswitchinterval()


def end() -> None:
    """Say that it ended: after the last one, all is as it was."""
    global _playing, _usual
    with _lock:
        _playing = max(0, _playing - 1)
        if not _playing and _usual:
            # Unless somebody else has chosen meanwhile.
            if sys.getswitchinterval() == _chosen:
                sys.setswitchinterval(_usual)
            _usual = 0.0
