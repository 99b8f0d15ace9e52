"""The garbage collector keeps out of the way, and memory is bounded all the same."""

import json
import subprocess
import sys

import pytest

from streams.quiet_gc import (
    QUIET_AFTER,
    ROOM,
    TICK,
    WARM_AFTER,
    QuietGC,
)


class Ledger:
    """Notes what is asked of the module `gc`, and says how much memory is in use."""

    def __init__(self):
        self.asked = []
        self.blocks = 1000

    def collect(self, generation=2):
        self.asked.append("collect" if generation == 2 else f"collect {generation}")
        return 0

    def freeze(self):
        self.asked.append("freeze")

    def unfreeze(self):
        self.asked.append("unfreeze")

    def count_blocks(self):
        return self.blocks

    def get_threshold(self):
        return (700, 10, 10)

    def set_threshold(self, *thresholds):
        self.asked.append("usual" if thresholds == (700, 10, 10) else "threshold")

    def since(self):
        asked, self.asked = self.asked, []
        return asked


FULL = ["unfreeze", "collect", "freeze"]
BITE = ["collect 0", "freeze"]


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def policy(ledger):
    """A policy that has warmed up, while a stream plays."""
    policy = QuietGC(ledger, ledger.count_blocks)
    policy.begin()
    policy.tick(0.0)
    assert ledger.since() == []
    policy.tick(WARM_AFTER)
    assert ledger.since() == ["threshold", *FULL]
    return policy


def test_while_streams_play_only_what_is_new_is_collected(policy, ledger):
    for number in range(1, 121):
        policy.tick(WARM_AFTER + number * TICK)
    assert ledger.since() == BITE * 120


def test_a_quiet_moment_is_used_once(policy, ledger):
    policy.end()
    policy.tick(WARM_AFTER + QUIET_AFTER)
    # Until the next stream, Python collects by itself: nobody ticks.
    assert ledger.since() == [*FULL, "usual"]
    assert policy.settled
    policy.begin()
    policy.begin()
    assert ledger.since() == ["threshold"]
    assert not policy.settled


def test_streams_that_live_between_two_ticks_make_no_quiet_moment(policy, ledger):
    policy.end()
    ticks = int(3 * QUIET_AFTER / TICK)
    for number in range(1, ticks + 1):
        policy.begin()
        policy.end()
        policy.tick(WARM_AFTER + number * TICK)
    assert ledger.since() == BITE * ticks
    policy.tick(WARM_AFTER + ticks * TICK + QUIET_AFTER)
    assert ledger.since() == [*FULL, "usual"]


def test_what_outlives_its_streams_is_collected_however_busy_it_is(policy, ledger):
    ledger.blocks = 2 * 1000 + ROOM
    policy.tick(WARM_AFTER + TICK)
    assert ledger.since() == BITE
    ledger.blocks += 1
    policy.tick(WARM_AFTER + 2 * TICK)
    assert ledger.since() == BITE + FULL
    policy.tick(WARM_AFTER + 3 * TICK)
    assert ledger.since() == BITE


CHURN = """
import gc, json, sys
from streams import quiet_gc

policy = quiet_gc.QuietGC(gc)
pauses, sizes = [], []
gc.callbacks.append(
    lambda phase, info: pauses.append(info["generation"]) if phase == "start" else None
)
site = [[n] for n in range(50_000)]
now, playing = 0.0, []
for quarter in range(4 * 3600):
    for _ in range(25):
        policy.begin()
        stream = [{}, []]
        if LEAKY:
            # A cycle, such as an exception with its traceback makes.
            stream.append(stream)
            stream.append([[] for _ in range(50)])
        playing.append(stream)
    while len(playing) > 1000:
        playing.pop(0)
        policy.end()
    now += 0.25
    policy.tick(now)
    if quarter % 40 == 39:
        sizes.append(len(gc.get_objects()) + gc.get_freeze_count())
print(json.dumps({"full": pauses.count(2), "first": sizes[5], "most": max(sizes)}))
"""


@pytest.mark.parametrize("leaky", [False, True])
def test_an_hour_of_churn_leaves_memory_bounded(leaky):
    """360,000 streams; with those that make cycles, too, which freezing would keep."""
    code = CHURN.replace("LEAKY", str(leaky))
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    found = json.loads(ran.stdout)
    assert found["most"] < 2 * found["first"] + 2 * ROOM
    if not leaky:
        assert found["most"] < 1.1 * found["first"]
