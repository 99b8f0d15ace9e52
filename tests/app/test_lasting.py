"""What the admin says of a stream's duration, where jitter changes it."""

import pytest

from streams.admin.lasting import lasting
from streams.core.chunks import Unit
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import compile_script
from streams.core.steps import lay_out

SEEDS = 1500


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a" * 200, 200 * 0.05),
        ("ab", 0.05 + 0.05),
        # Neither pauses nor recorded gaps nor what comes at once strays.
        ("abc<!-- stream: pause 5s -->de<!-- stream: tool f {} -->fg", None),
        ("a<!-- stream: speed 0.1x -->bc<!-- stream: speed 5x -->" + "d" * 50, None),
    ],
)
def test_99_of_100_runs_last_as_long_as_it_says(body, expected):
    steps = lay_out(compile_script(body), Unit.GRAPHEME, 1)
    pacing = Pacing(delay=0.05, ttft=0.05, jitter=0.6)
    one = plan(steps, pacing, seed=0)
    found = lasting(one.duration, steps, len(steps), pacing, 0)
    lasted = [plan(steps, pacing, seed=seed).duration for seed in range(SEEDS)]
    inside = [found.least <= seconds <= found.most for seconds in lasted]
    assert sum(inside) >= 0.98 * SEEDS
    # And not because it says nothing: the range is hardly wider than what was seen.
    assert found.most - found.least <= 1.25 * (max(lasted) - min(lasted))
    assert found.expected == pytest.approx(sum(lasted) / SEEDS, abs=0.05)
    if expected is not None:
        assert found.expected == pytest.approx(expected)


def test_what_ends_early_strays_less():
    steps = lay_out(compile_script("a" * 200), Unit.GRAPHEME, 1)
    pacing = Pacing(delay=0.05, ttft=0.3, jitter=0.6)
    due = pacing.due(200, seed=3)
    whole = lasting(due[-1], steps, 200, pacing, 3)
    some = lasting(due[19], steps, 20, pacing, 3)
    first = lasting(due[0], steps, 1, pacing, 3)
    assert some.expected == pytest.approx(0.3 + 19 * 0.05)
    assert some.most - some.least < whole.most - whole.least
    assert (first.least, first.expected, first.most) == (0.3, 0.3, 0.3)
    assert lasting(0.0, steps, 0, pacing, 3).most == 0.0
