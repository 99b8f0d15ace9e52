"""The cache: bounded by weight, shared while anybody holds a value."""

import gc
from dataclasses import dataclass
from threading import Barrier, Thread

from streams.core.cache import WeightedCache


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Thing:
    weight: int


def make_cache(capacity=10):
    return WeightedCache(capacity, lambda thing: thing.weight, shared=True)


def test_a_value_is_made_once():
    cache, made = make_cache(), []
    for _ in range(3):
        cache.get("a", lambda: made.append(1) or Thing(1))
    assert made == [1]


def test_the_values_used_last_stay():
    cache = make_cache(capacity=2)
    first = id(cache.get("a", lambda: Thing(1)))
    cache.get("b", lambda: Thing(1))
    assert id(cache.get("a", lambda: Thing(1))) == first
    cache.get("c", lambda: Thing(1))
    made = []
    cache.get("a", lambda: made.append("a") or Thing(1))
    cache.get("b", lambda: made.append("b") or Thing(1))
    assert made == ["b"]


def test_a_heavy_value_is_shared_while_somebody_holds_it():
    cache = make_cache(capacity=10)
    held = cache.get("a", lambda: Thing(1000))
    assert cache.get("a", lambda: Thing(1000)) is held
    del held
    gc.collect()
    made = []
    cache.get("a", lambda: made.append(1) or Thing(1000))
    assert made == [1]


def test_threads_that_miss_together_get_one_value():
    cache, barrier, got = make_cache(), Barrier(4), []

    def make():
        barrier.wait(5)
        return Thing(1)

    threads = [
        Thread(target=lambda: got.append(cache.get("a", make))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(thing) for thing in got}) == 1
