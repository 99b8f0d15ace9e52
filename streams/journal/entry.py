"""What is noted of one run."""

from dataclasses import dataclass, field
from itertools import count


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """One run, changed while it plays. Plain values only: no header is among them but
    the name of the client's program."""

    run_id: str
    """32 hexadecimal digits."""
    stream: str
    """Slug."""
    script: str
    """Slug."""
    revision: str
    """Digest prefix."""
    seed: int
    format: str
    transport: str
    """`http`, `websocket`, or `whole` where nothing is streamed."""
    client: str
    """Address."""
    agent: str = ""
    """The client's `User-Agent`."""
    rule: str = ""
    """What chose the script."""
    session: str = ""
    """Whose call it was, as the caller named it."""
    faults: list[str] = field(default_factory=list)
    """What was injected so far."""
    body: str = ""
    """The request's; the journal keeps so much of it as the site wants."""
    position: int = 0
    """Where a resumed run began."""
    started: float
    """Seconds of the epoch."""
    first_byte: float | None = None
    """Seconds after the start."""
    first_chunk: float | None = None
    """The same, of the first chunk that was sent."""
    ended: float | None = None
    """Seconds of the epoch."""
    outcome: str = ""
    """One of `Run.State`, once it has ended."""
    steps: int = 0
    bytes: int = 0
    lateness: float = 0.0
    """The worst, in seconds."""

    number: int = field(default_factory=count(1).__next__, init=False)
    """Tells it from every other of this process: a run's id may be played twice."""
