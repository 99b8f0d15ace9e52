"""What can go wrong at a vendor in the middle of a stream."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """What the same would be before the stream: formats make their own of it."""

    status: int
    code: str
    message: str


SERVER = Failure(500, "server_error", "The server had an error.")

# By the names of `core.acts.ERROR_KINDS`.
FAILURES: Mapping[str, Failure] = {
    "server": SERVER,
    "overloaded": Failure(503, "overloaded", "The model is overloaded: try later."),
    "rate_limit": Failure(429, "rate_limit_exceeded", "Rate limit reached."),
    "timeout": Failure(504, "timeout", "The answer took too long."),
    "invalid_request": Failure(400, "invalid_request", "The request is invalid."),
}


def find_failure(kind: str) -> Failure:
    """Return what a kind of failure is; a server's own error for what nobody knows."""
    return FAILURES.get(kind, SERVER)
