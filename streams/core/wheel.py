"""What is due when, for thousands at once."""

import heapq
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Wheel(Generic[Item]):
    """Items in buckets of time: adding one costs the same however many there are.

    An item comes up to a bucket's width late, and never early.
    """

    def __init__(self, width: float) -> None:
        self._width = width
        self._per_second = 1 / width
        self._buckets: dict[int, list[Item]] = {}
        self._order: list[int] = []

    @property
    def next(self) -> float | None:
        """When the first item comes, None where there is none."""
        return self._order[0] * self._width if self._order else None

    def add(self, when: float, item: Item) -> None:
        """Add an item for a moment, in seconds of any clock."""
        number = int(when * self._per_second) + 1
        bucket = self._buckets.get(number)
        if bucket is not None:
            bucket.append(item)
            return
        self._buckets[number] = [item]
        heapq.heappush(self._order, number)

    def take(self, now: float, most: int) -> list[Item]:
        """Take what is due, at most so many, in order."""
        last = int(now * self._per_second)
        order, taken = self._order, list[Item]()
        while order and order[0] <= last and len(taken) < most:
            bucket = self._buckets[order[0]]
            room = most - len(taken)
            taken += bucket[:room]
            if len(bucket) > room:
                del bucket[:room]
            else:
                del self._buckets[heapq.heappop(order)]
        return taken
