"""What goes wrong on purpose: which faults there are, and which of them a call gets.

All of it is decided by what the caller can know beforehand, so that any number of runs
can be predicted: see `draw`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from streams.core.acts import Act, Acting
from streams.core.ordinals import Ordinals
from streams.core.steps import Steps

OVERRIDE = "override"
"""The title of a fault that a request asked for."""


class Kind(StrEnum):
    """What goes wrong. All but the first two are acts of a run."""

    STATUS = "status"
    """An HTTP status in the place of an answer."""
    SLOW_START = "slow-start"
    """Everything comes later by so many seconds."""
    STALL = Act.STALL.value
    DROP = Act.DROP.value
    TRUNCATE = Act.TRUNCATE.value
    ERROR = Act.ERROR.value
    MALFORMED = Act.MALFORMED.value
    SPLIT = Act.SPLIT.value
    DUPLICATE = Act.DUPLICATE.value
    REORDER = Act.REORDER.value

    @property
    def is_act(self) -> bool:
        return self not in (Kind.STATUS, Kind.SLOW_START)

    @property
    def takes_seconds(self) -> bool:
        return self in (Kind.STALL, Kind.SLOW_START)

    @property
    def breaks_connection(self) -> bool:
        """Tell whether a client might connect again after it."""
        return self in (Kind.DROP, Kind.TRUNCATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, where, and on which calls."""

    kind: Kind
    title: str = OVERRIDE
    event: int = 0
    """After so many chunks of the connection."""
    position: int | None = None
    """At this position of the script instead."""
    seconds: float = 0.0
    status: int = 500
    retry_after: int | None = None
    """In seconds, for clients that ask again."""
    message: str = ""
    """A status's, for people; empty for one of ours."""
    error: str = ""
    """An error's type; empty for the format's usual one."""
    always: bool = False
    """On connections that go on with one that was lost, too."""
    calls: Ordinals | None = None
    """On these calls of a session; None for any."""
    chance: float = 100.0
    """In percent."""

    def __str__(self) -> str:
        """Say it as headers and journal do: `drop after event 3 (fault: flaky)`."""
        origin = OVERRIDE if self.title == OVERRIDE else f"fault: {self.title}"
        return f"{self.what} ({origin})"

    @property
    def what(self) -> str:
        """Say what goes wrong, and where: `drop after event 3`."""
        said = self.kind.replace("-", " ")
        if self.kind == Kind.STATUS:
            said += f" {self.status}"
            if self.retry_after is not None:
                said += f", retry after {self.retry_after} s"
        if self.kind.takes_seconds:
            said += f" of {self.seconds:g} s"
        if self.kind == Kind.ERROR and self.error:
            said += f" '{self.error}'"
        return f"{said} {self.where}".rstrip()

    @property
    def where(self) -> str:
        if not self.kind.is_act:
            return ""
        if self.position is not None:
            return f"at position {self.position}"
        return f"after event {self.event}"

    @property
    def spec(self) -> str:
        """Write what and where as a request's `fault` does; `parse_faults` reads it."""
        parts = [str(self.kind)]
        if self.kind == Kind.STATUS:
            parts.append(str(self.status))
            parts += [] if self.retry_after is None else [str(self.retry_after)]
        elif self.position is not None:
            parts.append(f"@{self.position}")
        elif self.kind.is_act:
            parts.append(str(self.event))
        if self.kind.takes_seconds:
            parts.append(f"{round(self.seconds * 1000)}ms")
        parts += [self.error] if self.error else []
        parts += ["always"] if self.always else []
        return ":".join(parts)

    def acting(self, speed: float = 1.0) -> Acting:
        """Return what a run does. For kinds that are acts."""
        return Acting(
            act=Act(self.kind.value),
            name=self.error,
            seconds=self.seconds / speed,
            always=self.always,
            fault=self.title,
        )

    def fires(self, *, seed: int, own_seed: bool, call: Callable[[], int]) -> bool:
        """Tell whether a call gets this fault.

        `seed` is the run's; `own_seed` says that it is the stream's, hence the same
        for every run. `call` counts, and is called only where the number matters.
        """
        if self.calls is not None and call() not in self.calls:
            return False
        if self.chance >= 100:
            return True
        return draw(self.title, seed, call() if own_seed else 0) * 100 < self.chance


def draw(title: str, seed: int, call: int = 0) -> float:
    """Return a number from 0 up to 1 that looks like a random one, always the same.

    The first eight bytes of the SHA-256 of `title`, `seed` and `call`, with line feeds
    between and UTF-8, as a fraction of 2^64: easily done in any language. `call` is 0
    where the seed alone decides.
    """
    digest = sha256(f"{title}\n{seed}\n{call}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


ENDINGS = (Act.DROP, Act.TRUNCATE, Act.ERROR)
"""The acts after which nothing is said."""


def acts(steps: Steps) -> Iterator[tuple[int, Acting, str]]:
    """Yield what is going to be injected: the index of the step, the act, and what the
    journal will say of it.

    What comes after the first that ends the stream does not happen. A hold breaks
    nothing, and is none of them.
    """
    for before, (index, direction) in enumerate(sorted(steps.directions.items())):
        acting = direction.value
        if not isinstance(acting, Acting) or acting.act is Act.HOLD:
            continue
        origin = {"": "script", OVERRIDE: OVERRIDE}
        source = origin.get(acting.fault, f"fault: {acting.fault}")
        yield index, acting, f"{acting.act} after event {index - before} ({source})"
        if acting.act in ENDINGS:
            return
