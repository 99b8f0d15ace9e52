"""What a format is: a wire dialect, turning requests into calls and steps into bytes.

A format keeps no state and does no I/O. What differs from run to run reaches its writer
in a frozen `Context`, so the same plan and context give the same bytes.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from streams.core.directions import Channel
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats.breaking import break_json
from streams.formats.call import Call, Incoming
from streams.formats.own import read_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Counts of tokens, as the vendors bill them."""

    prompt: int = 0
    completion: int = 0
    """What the model wrote, its reasoning included."""
    reasoning: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stays the same throughout one run."""

    run_id: str
    """32 hexadecimal digits; formats make their ids from it."""
    slug: str
    """The stream's."""
    revision: str
    """Digest prefix of the revision that is played."""
    seed: int
    retry_ms: int
    end: int
    """Position after the whole script."""
    reset: str = ""
    """Why a client that wanted to go on has to start over; empty where it has not."""
    call: Call = field(default_factory=Call)
    created: int = 0
    """When the run began, in seconds of the epoch."""
    finish: str = "stop"
    """Why the text ends: one of `core.directions.FINISH_REASONS`."""
    stopped_at: str = ""
    """The one of `call.stop` that ended it."""
    usage: Usage = Usage()
    """Zero for formats that do not ask for it with `counts_tokens`."""
    ttft: float = 0.0
    """When the first step is due, in seconds from the start."""
    duration: float = 0.0
    """When the last has been said."""
    fault: str = ""
    """What is going to be injected, for the caller to tell it from a real failure."""

    @property
    def model(self) -> str:
        """Name the model as the caller did."""
        return self.call.model or self.slug

    def event_id(self, position: int) -> str:
        """Name a place in a revision, for `id:` and Last-Event-ID."""
        return f"{self.revision}-{position}"

    @property
    def done_position(self) -> int:
        """The terminal event counts one more, so a client that missed it gets it."""
        return self.end + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A stream as the vendors' lists of models show it."""

    name: str
    title: str
    created: int
    """In seconds of the epoch."""


class Writer(ABC):
    """Writes one run in a format. It may remember what it wrote, and nothing else:
    the same context and steps give the same bytes."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def opening(self) -> bytes:
        """Return what is sent at once, before the first step is due."""
        return b""

    @abstractmethod
    def step(self, step: Step) -> bytes:
        """Return a step's bytes: none where the format has no way to say it."""

    def steps(self, steps: Sequence[Step]) -> Iterable[bytes]:
        """Return what `step` does of each, for less, of several that leave together."""
        channel = steps[0].channel
        around = self.around(channel)
        if around is None:
            return map(self.step, steps)
        frames = [
            step.json.join(around)
            for step in steps
            if step.channel is channel and step.direction is None
        ]
        return frames if len(frames) == len(steps) else map(self.step, steps)

    def around(self, channel: Channel) -> Sequence[bytes] | None:
        """Return what stands before, between and after the JSON of a text; None where
        that is not all that a step in this channel is."""
        return None

    @abstractmethod
    def closing(self) -> bytes:
        """Return the end of a stream that was played to its end."""

    @abstractmethod
    def error(self, message: str, kind: str = "") -> bytes:
        """Return the end of a stream that failed after its first byte.

        `kind` is one of `failures.FAILURES`; empty for an error of the server's.
        """

    def malformed(self, frame: bytes) -> bytes:
        """Return what was written so that its client cannot read it."""
        return break_json(frame)

    def stopped(self, at: int) -> bytes:
        """Return the end of a stream that its caller stopped with another request.

        `at` is in seconds of the epoch.
        """
        return self.error("This was stopped on request.")

    def goodbye(self) -> bytes:
        """Return the end of a stream whose server stops.

        A client that can resume should, and soon; to any other it is an error, since
        a clean end would pass for the end of the text.
        """
        return self.error("The server stops. Ask again: it will be back soon.")


class Format(ABC):
    """One wire dialect. Stateless: what it writes for one run, its `Writer` does."""

    name: str
    """Kebab-case; the same in URLs, settings and documents."""
    media_type = "text/event-stream; charset=utf-8"
    heartbeat = b""
    """What keeps a silent connection open without being an event."""
    counts_tokens = False
    """Whether `Context.usage` is wanted."""
    reads_request = True
    """Whether a writer reads more of `Context.call` than `Call.without_request` has. If
    not, the rest, which may be long, is let go of before the stream plays."""
    divisible = True
    """Whether what is written may be cut anywhere: it is a stream of bytes."""

    def parse(self, incoming: Incoming) -> Call:
        """Read a request; raise Problem for one that cannot be answered."""
        return read_parameters(incoming)

    def tells_usage(self, call: Call) -> bool:
        """Tell whether what answers this call says how many tokens there were."""
        return self.counts_tokens

    @abstractmethod
    def writer(self, context: Context) -> Writer:
        """Return what writes one run."""

    def lasting(self, context: Context) -> Context:
        """Return what of a run's context is wanted for as long as it plays."""
        if self.reads_request:
            return context
        return replace(context, call=context.call.without_request())

    def headers(self, context: Context) -> dict[str, str]:
        """Return what the vendor's own answers have in their headers beside ours."""
        return {}

    def request_headers(self, request_id: str) -> dict[str, str]:
        """Return the headers in which every answer of the vendor names its request.

        The id is a run's or a problem's, 32 hexadecimal digits.
        """
        return {}

    def complete(self, steps: Iterable[Step], context: Context) -> object:
        """Return the whole answer as one JSON value, for `Call.stream` False."""
        raise NotImplementedError(f"{self.name} has streams only")

    def models(self, models: Sequence[Model]) -> object:
        """Return the list of models as the vendor's own endpoint does."""
        raise NotImplementedError(f"{self.name} has no list of models")

    def model(self, model: Model) -> object:
        """Return one model as the vendor's own endpoint does."""
        raise NotImplementedError(f"{self.name} has no models")

    def come_back(self, problem: Problem, milliseconds: int) -> bytes:
        """Return the body of a stream that says when to ask again, if it can."""
        return b""

    def status(self, problem: Problem) -> int:
        """Return the HTTP status of an error: some vendors have their own."""
        return problem.status

    @abstractmethod
    def problem(self, problem: Problem) -> tuple[str, bytes]:
        """Return media type and body of an answer with an error status."""
