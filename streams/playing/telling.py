"""What is told of a run: when something of it was first heard, and how it ended."""

import logging
import time

from streams.core.plan import Plan
from streams.core.tally import Tally
from streams.formats.base import Context

logger = logging.getLogger("streams.runs")


def tell_first_chunk(tally: Tally) -> None:
    """Note that the first chunk of the script leaves now."""
    tally.first_chunk = max(0.0, time.time() - tally.started)
    if tally.first_byte is None:
        tally.first_byte = tally.first_chunk


def log_end(
    tally: Tally, context: Context, wire_format: str, elapsed: float, plan: Plan
) -> None:
    """Log how a run ended, after so many seconds of its plan."""
    logger.info(
        "run %s of %s (%s): %s after %.3f s, %d of %d steps, %d bytes%s",
        *(context.run_id, context.slug, wire_format, tally.outcome),
        *(elapsed, tally.steps, len(plan.steps), tally.bytes),
        "".join(f"; {fault}" for fault in tally.faults),
    )
