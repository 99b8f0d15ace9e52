"""A cache bounded by the weight of what it holds."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from streams.core.hurry import may_take_time

Value = TypeVar("Value")


class WeightedCache(Generic[Value]):
    """Keep the values used last, up to a total weight. Safe to share between threads.

    Counting entries would not do: one script may be a thousand times as long as the
    next. Where values are `shared` (they must have weak references), one too heavy to
    keep is still found for as long as somebody holds it, so that a thousand viewers of
    a long script hold it once.
    """

    def __init__(
        self, capacity: int, weigh: Callable[[Value], int], *, shared: bool = False
    ) -> None:
        self._capacity = capacity
        self._weigh = weigh
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._alive: WeakValueDictionary[Hashable, Value] = WeakValueDictionary()
        self._shared = shared
        self._weight = 0
        # Re-entrant: what is evicted may, when collected, come back here.
        self._lock = RLock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value kept under `key`, made now where there is none.

        Two threads that miss at the same time both make it; one result is kept.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            alive = self._alive.get(key)
        if alive is not None:
            return alive
        may_take_time()
        value = make()
        weight = self._weigh(value)
        with self._lock:
            if self._shared:
                value = self._alive.setdefault(key, value)
            if key not in self._kept and weight <= self._capacity:
                self._kept[key] = value
                self._weight += weight
                while self._weight > self._capacity:
                    _, oldest = self._kept.popitem(last=False)
                    self._weight -= self._weigh(oldest)
        return value
