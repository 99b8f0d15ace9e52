"""A cache bounded by the weight of what it holds."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class WeightedCache(Generic[Value]):
    """Keep the values used last, up to a total weight. Safe to share between threads.

    Counting entries would not do: one script may be a thousand times as long as the
    next.
    """

    def __init__(self, capacity: int, weigh: Callable[[Value], int]) -> None:
        self._capacity = capacity
        self._weigh = weigh
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value kept under `key`, made now where there is none.

        Two threads that miss at the same time both make it; one result is kept.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        weight = self._weigh(value)
        with self._lock:
            if key not in self._values and weight <= self._capacity:
                self._values[key] = value
                self._weight += weight
                while self._weight > self._capacity:
                    _, oldest = self._values.popitem(last=False)
                    self._weight -= self._weigh(oldest)
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._weight = 0
