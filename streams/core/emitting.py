"""Which raw bytes a script sends: not everybody may write those."""

from collections import Counter

from streams.core.acts import Act, Acting
from streams.core.script import Direction, normalise, split_directions
from streams.exceptions import ScriptError


def newly_emitting(before: str, after: str) -> Direction | None:
    """Return the first `emit` of a script that was not in its text before, if any."""
    known = Counter(data for _, data in emitting(before))
    for direction, data in emitting(after):
        if not known[data]:
            return direction
        known[data] -= 1
    return None


def emitting(body: str) -> list[tuple[Direction, bytes]]:
    """Return a script's `emit` directions with what each sends; none for a script that
    cannot be read, which cannot be saved either."""
    try:
        pieces = split_directions(normalise(body))
    except ScriptError:
        return []
    return [
        (piece, piece.value.data)
        for piece in pieces
        if isinstance(piece, Direction)
        and isinstance(piece.value, Acting)
        and piece.value.act is Act.EMIT
    ]
