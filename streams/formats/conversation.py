"""What requests of all vendors have in common: conversations, limits and seeds."""

from streams.core.parameters import OVERRIDES
from streams.formats.call import Call, Incoming, Message
from streams.formats.fields import Fields

MOST_TOKENS = 10**9
"""Largest limit of tokens that a request may name."""


def last_user_message(messages: tuple[Message, ...]) -> str:
    """Return what the user said last, which is the prompt of a conversation."""
    spoken = (m.content for m in reversed(messages) if m.role == "user")
    return next(spoken, "")


def from_query(incoming: Incoming) -> Call:
    """Read a GET, from a browser's address bar or an EventSource: `?prompt=…`."""
    prompt = incoming.query.get("prompt", "")
    return Call(prompt=prompt, messages=(Message(role="user", content=prompt),))


def query_overrides(incoming: Incoming) -> dict[str, str]:
    """Return the settings that an address names: vendors' bodies have no place for
    them."""
    given = incoming.query
    return {name: given[name] for name in OVERRIDES if given.get(name)}


def rounds_since_prompt(messages: tuple[Message, ...]) -> int:
    """Count how often tools gave results since the user spoke last.

    Results next to one another answer calls that were made together.
    """
    count, previous = 0, ""
    for message in messages:
        if message.role == "user":
            count = 0
        elif message.role == "tool" and previous != "tool":
            count += 1
        previous = message.role
    return count


def system_prompt(messages: tuple[Message, ...]) -> str:
    return "\n".join(m.content for m in messages if m.role == "system")


def seed_override(fields: Fields) -> dict[str, str]:
    """Take a request's seed for the stream's: it may be negative, ours may not."""
    seed = fields.integer("seed", -(2**63), 2**63 - 1)
    return {} if seed is None else {"seed": str(seed % 2**53)}
