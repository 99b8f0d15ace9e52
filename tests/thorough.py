"""How many random cases a test tries: a part of them, unless THOROUGH is set."""

import os


def many(count: int) -> int:
    """Return `count`, or three tenths of it where a quick answer matters more.

    The cases are the same ones each time, so that a shorter run is a part of a longer.
    """
    return count if os.environ.get("THOROUGH") else count * 3 // 10
