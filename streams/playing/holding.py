"""Playing with a time that somebody can stop, let go and hurry."""

from streams.conf import conf
from streams.core.hold import Hold
from streams.core.playback import TICK
from streams.playing.base import Playing


class Holding(Playing):
    """What `Run` is, without what breaks or ends it."""

    __slots__ = ("_hold", "_left")

    def _set_up(self) -> None:
        self._hold: Hold | None = None
        self._left: int | None = None
        """Chunks of text that are still to be said until it is held."""

    @property
    def held(self) -> bool:
        """Whether its time stands still."""
        return self._hold is not None

    @property
    def held_at(self) -> str:
        """The name of the hold in the script at which it stands, if it has one."""
        return self._hold.name if self._hold else ""

    @property
    def left(self) -> int | None:
        """Chunks of text still to be said until it is held, if it is to be."""
        return self._left

    def begin(self) -> bytes:
        frame = super().begin()
        if self._hold is not None:
            self._hold = self._new_hold()
            self._set_next()
        return frame

    def hold(self) -> None:
        """Let the stream's time stand still, until somebody releases it.

        Heartbeats go on. It ends after `STREAMS["MAX_HOLD_S"]` seconds.
        """
        if self._hold is None and not self.ended:
            self._hold = self._new_hold()
            self._change()

    def release(self) -> None:
        """Let the stream's time go on from where it stood."""
        if self._hold is not None:
            self._let_go()
            self._change()

    def step(self, count: int = 1) -> None:
        """Let so many chunks of text pass, the first at once, and hold again."""
        if self.ended or count < 1:
            return
        self._count(count)
        if self._hold is None:
            return
        self._let_go()
        if self._began:
            due = self._playback.deadline / self._speed
            self._started = min(self._started, self.clock.now() - due)
        self._change()

    def hold_after(self, count: int) -> None:
        """Hold once so many chunks of text were said; at once if they were already."""
        left = count - self._chunks
        if left <= 0:
            self.hold()
        elif not self.ended:
            self._count(left)

    def set_speed(self, speed: float) -> None:
        """Divide all of the plan's times by this from here on."""
        # Heartbeats are counted in the plan's time, and come in real time.
        self._playback.heartbeat *= speed / self._speed
        if self._began:
            now = self._stream_time()
            self._started = now - (now - self._started) * self._speed / speed
        self._speed = speed
        self._change()

    def _change(self) -> None:
        """See what is to be done next, and tell whoever waits."""
        self._set_next()
        self.on_change()

    def _set_next(self) -> None:
        self._aside = self._hold is not None
        if self._hold is not None:
            self.next_at = self._hold.next
        elif self._began:
            super()._set_next()

    def _stream_time(self) -> float:
        now = self.clock.now()
        return now if self._hold is None else self._hold.stream_time(now)

    def _go_aside(self, now: float) -> bytes:
        hold = self._hold
        if hold is None:
            return b""
        if now >= hold.until - TICK:
            self._end("hold ended")
            seconds = f"{hold.until - hold.since:g}"
            message = f"This stream was held for {seconds} seconds, the most."
            return self._kept_back() + self._writer.error(message, "timeout")
        if now < hold.beat - TICK:
            return b""
        hold.beat = now + self._heartbeat
        return self.format.heartbeat

    def _count_down(self, now: float) -> None:
        """Hold once so much was said as somebody wants."""
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self._left = None
                self._hold = self._new_hold(now=now)

    def _new_hold(self, name: str = "", *, now: float | None = None) -> Hold:
        since = self.clock.now() if now is None else now
        beat = since + self._heartbeat
        playback = self._playback
        if self._began and playback.next < playback.deadline:
            # The silence began earlier.
            beat = min(beat, self._started + playback.next / self._speed)
        return Hold(name=name, since=since, until=since + conf.max_hold, beat=beat)

    @property
    def _heartbeat(self) -> float:
        """Seconds of silence, by the clock."""
        return self._playback.heartbeat / self._speed

    def _let_go(self) -> None:
        if self._hold is not None and self._began:
            self._started += self.clock.now() - self._hold.since
        self._hold = None

    def _count(self, left: int) -> None:
        self._left = left
        self._playback.take_alone(True)

    @property
    def _chunks(self) -> int:
        """Chunks of text taken so far."""
        index = self._playback.index
        return index - sum(i < index for i in self.plan.steps.directions)
