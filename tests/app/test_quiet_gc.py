"""The garbage collector keeps out of the way, and memory is bounded all the same."""

import json
import subprocess
import sys

import pytest

from streams.quiet_gc import BITE_EVERY, QUIET_AFTER, ROOM, WARM_AFTER, QuietGC


class Ledger:
    """Notes what is asked of the module `gc`, and says how much is frozen."""

    def __init__(self):
        self.asked = []
        self.frozen = 1000

    def collect(self):
        self.asked.append("collect")
        return 0

    def freeze(self):
        self.asked.append("freeze")

    def unfreeze(self):
        self.asked.append("unfreeze")

    def get_freeze_count(self):
        return self.frozen

    def get_threshold(self):
        return (700, 10, 10)

    def set_threshold(self, *thresholds):
        self.asked.append("usual" if thresholds == (700, 10, 10) else "threshold")

    def since(self):
        asked, self.asked = self.asked, []
        return asked


FULL = ["unfreeze", "collect", "freeze"]
BITE = ["collect", "freeze"]


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def policy(ledger):
    """A policy that has warmed up, while a stream plays."""
    policy = QuietGC(ledger)
    policy.begin()
    policy.tick(0.0)
    assert ledger.since() == []
    policy.tick(WARM_AFTER)
    assert ledger.since() == ["threshold", *FULL]
    return policy


def test_while_streams_play_only_what_is_new_is_collected(policy, ledger):
    for second in range(1, 31):
        policy.tick(WARM_AFTER + second)
    assert ledger.since() == BITE * int(30 / BITE_EVERY)


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


def test_what_outlives_its_streams_is_collected_however_busy_it_is(policy, ledger):
    ledger.frozen = 2 * 1000 + ROOM + 1
    policy.tick(WARM_AFTER + BITE_EVERY)
    assert ledger.since() == BITE + FULL
    policy.tick(WARM_AFTER + BITE_EVERY + 1)
    assert ledger.since() == []


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
for second in range(300):
    for _ in range(100):
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
    now += 1.0
    policy.tick(now)
    sizes.append(len(gc.get_objects()) + gc.get_freeze_count())
print(json.dumps({"full": pauses.count(2), "first": sizes[60], "most": max(sizes)}))
"""


@pytest.mark.parametrize("leaky", [False, True])
def test_five_minutes_of_churn_leave_memory_bounded(leaky):
    """30,000 streams; with those that make cycles, too, which freezing would keep."""
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
