"""What each event loop has one of."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

Value = TypeVar("Value")


class PerLoop(WeakKeyDictionary[asyncio.AbstractEventLoop, Value]):
    """Values by their event loops; a value goes with its loop."""

    def __init__(self, make: Callable[[], Value]) -> None:
        super().__init__()
        self._make = make

    def here(self) -> Value:
        """Return the running event loop's, made now if it has none.

        Raise RuntimeError where no loop runs.
        """
        loop = asyncio.get_running_loop()
        value = self.get(loop)
        if value is None:
            value = self[loop] = self._make()
        return value
