"""Clocks that tests turn by hand."""


class FakeClock:
    """Time passes only when somebody waits, `oversleep` seconds too long."""

    def __init__(self, oversleep: float = 0.0) -> None:
        self.time = 100.0
        self.started = self.time
        self.oversleep = oversleep
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self.time - self.started

    def advance(self, seconds: float) -> None:
        self.time += seconds

    async def sleep(self, seconds: float, waker: object = None) -> None:
        self.sleeps.append(seconds)
        self.time += seconds + (self.oversleep if seconds else 0)
