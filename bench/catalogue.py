"""What every stack plays: models of one text, in events of five characters."""

from dataclasses import dataclass

WIDTH = 5
"""Characters of text in each event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    name: str
    events: int
    delay_ms: int

    def __str__(self) -> str:
        """Return it as the load generator and the C server read it."""
        return f"{self.name}:{self.events}:{self.delay_ms}"

    @property
    def texts(self) -> list[str]:
        """What each event says: its number, so that none can be mistaken."""
        return [f"{number:04d}." for number in range(self.events)]

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def delay(self) -> float:
        """Seconds."""
        return self.delay_ms / 1000


MODELS = {
    model.name: model
    for model in (
        Model(name="paced", events=300, delay_ms=30),
        Model(name="long", events=5000, delay_ms=30),
        Model(name="burst", events=300, delay_ms=0),
        Model(name="burst-long", events=5000, delay_ms=0),
        Model(name="short", events=2, delay_ms=0),
        Model(name="slow", events=300, delay_ms=1000),
    )
}
