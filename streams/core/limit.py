"""What leaves together, as far as there is room for it."""

from collections.abc import Sequence
from itertools import accumulate


def join(frames: Sequence[bytes], room: float) -> bytes:
    """Join frames, up to the first with which they are longer than `room`."""
    frame = b"".join(frames)
    if len(frame) <= room:
        return frame
    sizes = accumulate(map(len, frames))
    return b"".join(frames[: next(i for i, n in enumerate(sizes, 1) if n > room)])
