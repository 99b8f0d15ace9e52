"""What can be asked of runs, and what is answered: plain values, for messages."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, TypedDict
from uuid import uuid4


class Action(StrEnum):
    HOLD = "hold"
    RELEASE = "release"
    STEP = "step"
    STOP = "stop"
    DROP = "drop"
    STATE = "state"
    """Changes nothing."""


ACTIONS = tuple(action.value for action in Action)
ON_RUNS = ACTIONS[:-1]
"""Those that change something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One wish, about a run or about all of a stream's."""

    action: Action
    run_id: str = ""
    slug: str = ""
    """The stream's, where no run is named."""
    session: str | None = None
    """Of the stream's runs, those of one `X-Stream-Session`; None: all."""
    steps: int = 1
    """How many `step` lets pass."""
    after: int | None = None
    """`hold` only once so many steps were sent in all."""
    id: str = field(default_factory=lambda: uuid4().hex)
    """A message may come twice; a command is carried out once."""

    def as_message(self) -> dict[str, Any]:
        return asdict(self) | {"action": self.action.value}

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> "Command":
        return cls(**{**message, "action": Action(message["action"])})


class State(TypedDict):
    """How far a run is."""

    run: str
    stream: str
    session: str
    state: str
    """`playing`, `held`, or `ending` once it was told to."""
    hold: str
    """The name of the hold in the script at which it stands."""
    left: int | None
    """Chunks until it is held; None where it is not to be."""
    steps: int
    """Sent so far."""
    of: int
    """Steps in all."""
    position: int
    """Where the stream is after the last of them."""
    bytes: int
    worker: str
    """The process that plays it: host and process id."""


class Ending(TypedDict):
    """What is remembered for a while of a run that is over."""

    run: str
    stream: str
    outcome: str
    steps: int


class Reach(StrEnum):
    """Who could be asked, and why not all."""

    WORKERS = "workers"
    NO_CHANNELS = "no-channels"
    NO_LAYER = "no-layer"
    IN_MEMORY = "in-memory"
    LAYER_FAILED = "layer-failed"


@dataclass(slots=True)
class Report:
    """Which runs took a command, each as it was just after."""

    runs: list[State] = field(default_factory=list)
    ended: Ending | None = None
    """The run is over, and was when it was asked for."""
    reach: Reach = Reach.WORKERS

    def add(self, other: "Report") -> None:
        """Take in what somebody else reports, who may say the same again."""
        known = {(state["worker"], state["run"]) for state in self.runs}
        for state in other.runs:
            if (state["worker"], state["run"]) not in known:
                self.runs.append(state)
        self.ended = self.ended or other.ended
