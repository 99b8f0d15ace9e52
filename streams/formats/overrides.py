"""What any request may say for itself, whatever its format: in headers and address."""

from dataclasses import replace

from streams.core.parameters import HEADERS
from streams.formats.base import Format
from streams.formats.call import Call, Incoming
from streams.formats.conversation import query_overrides

LONGEST_SESSION = 200


def parse_call(wire_format: Format, incoming: Incoming) -> Call:
    """Read a request in its format, with the overrides around it; see `with_overrides`.

    Raise Problem for one that cannot be answered.
    """
    return with_overrides(wire_format.parse(incoming), incoming)


def with_overrides(call: Call, incoming: Incoming) -> Call:
    """Return the call with what its request's headers and address say.

    A header comes before the body, which some client may fill by itself, and the body
    before the address.
    """
    overrides = query_overrides(incoming)
    overrides |= call.overrides
    for header, name in HEADERS.items():
        if value := incoming.headers.get(header):
            overrides[name] = value.strip()
    session = overrides.pop("session", "")[:LONGEST_SESSION]
    return replace(
        call,
        overrides=overrides,
        headers=incoming.headers,
        query=incoming.query,
        session=session,
    )
