"""Ready-made timings for a stream's form: models, typewriters and bad networks."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from streams.core.chunks import Unit
from streams.core.faults import Kind

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Values for the fields of a form, which stay to be changed and saved."""

    title: Text
    help: Text
    timing: dict[str, Any]
    faults: list[dict[str, Any]] = field(default_factory=list)
    """Known by their titles, so that another preset takes them away again."""

    @property
    def values(self) -> str:
        """Write it for the page's script."""
        return json.dumps({"timing": self.timing, "faults": self.faults})


def _timing(
    unit: Unit, size: int, delay: int, *, ttft: int = 0, jitter: int = 0
) -> dict[str, Any]:
    return {
        "unit": unit.value,
        "chunk_size": size,
        "delay_ms": delay,
        "ttft_ms": ttft,
        "jitter_percent": jitter,
    }


PRESETS = (
    Preset(
        title=gettext_lazy("Instant"),
        help=gettext_lazy("Everything at once: for tests that look at content."),
        timing=_timing(Unit.GRAPHEME, 1, 0),
    ),
    Preset(
        title=gettext_lazy("Typewriter"),
        help=gettext_lazy("Character by character, 25 in a second."),
        timing=_timing(Unit.GRAPHEME, 1, 40, jitter=40),
    ),
    Preset(
        title=gettext_lazy("Fast model"),
        help=gettext_lazy("Starts after 250 ms, some 80 words in a second."),
        timing=_timing(Unit.WORD, 1, 12, ttft=250, jitter=30),
    ),
    Preset(
        title=gettext_lazy("Slow model"),
        help=gettext_lazy("Thinks for 2.5 s, then some 8 words in a second."),
        timing=_timing(Unit.WORD, 1, 120, ttft=2500, jitter=40),
    ),
    Preset(
        title=gettext_lazy("Bursty"),
        help=gettext_lazy("A dozen words at once, then silence for most of a second."),
        timing=_timing(Unit.WORD, 12, 700, ttft=400, jitter=60),
    ),
    Preset(
        title=gettext_lazy("Flaky network"),
        help=gettext_lazy(
            "Uneven, and with two faults: two calls of five stall, one of four is cut."
        ),
        timing=_timing(Unit.WORD, 1, 60, ttft=600, jitter=100),
        faults=[
            {
                "title": "flaky network: stall",
                "kind": Kind.STALL.value,
                "after_event": 2,
                "seconds": 3,
                "chance_percent": 40,
            },
            {
                "title": "flaky network: drop",
                "kind": Kind.DROP.value,
                "after_event": 4,
                "chance_percent": 25,
            },
        ],
    ),
)
