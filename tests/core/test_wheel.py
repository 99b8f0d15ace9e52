"""A wheel gives back what it was given: all of it, in order, never early."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.wheel import Wheel

WIDTH = 0.002

moments = st.floats(0, 1, allow_nan=False)


@given(
    st.lists(st.tuples(st.sampled_from(["add", "take"]), moments, st.integers(1, 5)))
)
def test_nothing_is_lost_comes_twice_or_comes_early(moves):
    """Whatever is added when, while time passes and few are taken at once."""
    wheel, now = Wheel(WIDTH), 100.0
    waiting, given_back = {}, []
    for number, (move, moment, most) in enumerate(moves):
        if move == "add":
            # In the past, too: a player whose moment was missed.
            when = now + moment - 0.1
            wheel.add(when, number)
            waiting[number] = when
            continue
        now += moment
        taken = wheel.take(now, most)
        assert len(taken) <= most
        assert all(waiting[item] <= now for item in taken)
        if len(taken) < most:
            # Then nothing that is a bucket's width late may be left.
            late = {item for item, when in waiting.items() if when <= now - WIDTH}
            assert late <= set(taken)
        for item in taken:
            del waiting[item]
        given_back += taken
    taken = wheel.take(now + 2, len(moves) + 1)
    assert sorted(taken) == sorted(waiting)
    assert len({*given_back, *taken}) == len(given_back) + len(taken)
    assert wheel.next is None


@given(st.lists(moments))
def test_they_come_in_order(whens):
    """To a bucket's width; within one, first come, first served."""
    wheel = Wheel(WIDTH)
    for number, when in enumerate(whens):
        wheel.add(when, (when, number))
    taken = []
    while some := wheel.take(5, 3):
        taken += some
    assert len(taken) == len(whens)
    buckets = [int(when / WIDTH + 1e-9) for when, _ in taken]
    for (a, first), (b, second) in zip(taken, taken[1:], strict=False):
        assert a < b + WIDTH
        if a == b:
            assert first < second
    assert all(a <= b + 1 for a, b in zip(buckets, buckets[1:], strict=False))


@given(st.lists(moments, min_size=1))
def test_next_is_when_something_comes(whens):
    wheel = Wheel(WIDTH)
    for when in whens:
        wheel.add(when, when)
    following = wheel.next
    assert min(whens) < following <= min(whens) + WIDTH + 1e-9
    assert wheel.take(following - 1e-6, 1) == []
    assert len(wheel.take(following + 1e-6, 1)) == 1


def test_an_empty_wheel_gives_nothing():
    wheel = Wheel(WIDTH)
    assert wheel.next is None
    assert wheel.take(1e9, 10) == []
