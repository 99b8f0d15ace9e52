"""A stream's time that stands still."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Hold:
    """From when on, and what happens meanwhile; times are of the run's clock."""

    name: str
    """Of the place in the script; empty where somebody else holds."""
    since: float
    until: float
    """When it has been long enough."""
    beat: float
    """When the next heartbeat is due."""

    @property
    def next(self) -> float:
        """When there is something to do."""
        return min(self.until, self.beat)

    def stream_time(self, now: float) -> float:
        """Return what the time of the stream is: it goes on after the limit only."""
        return self.since + max(0.0, now - self.until)
