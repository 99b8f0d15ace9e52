"""Frames pushed to `send`, on a loop whose time passes only when all wait for it."""

import asyncio
import gc
import logging
import selectors
import time
import weakref
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from contextvars import ContextVar, copy_context

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.control import end_runs, halt_runs
from streams.core.chunks import Unit
from streams.core.pacing import Pacing
from streams.core.plan import plan
from streams.core.script import compile_script
from streams.core.steps import lay_out
from streams.formats.base import Context
from streams.formats.plain import PlainFormat
from streams.playing import pushing
from streams.playing.pushing import Pusher
from streams.playing.run import Run
from streams.playing.scheduler import MOST_AT_ONCE, TICK, get_scheduler
from streams.playing.shutdown import clock
from tests.oracles import spoken


class Lapse(selectors.SelectSelector):
    """Skips to the moment that a loop waits for."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits, and for nothing"
            # A loop that does not wait takes its time, too.
            self.now += max(timeout, 1e-6)
        return ready


@contextmanager
def stopped_time():
    """Run coroutines at once, however long they sleep."""
    lapse, real = Lapse(), time.monotonic
    time.monotonic = lambda: lapse.now
    try:
        with asyncio.Runner(
            loop_factory=lambda: asyncio.SelectorEventLoop(lapse)
        ) as runner:
            yield runner.run
    finally:
        time.monotonic = real
        clock.stopped = False
    assert not pushing._playing


@pytest.fixture
def play():
    """Run a coroutine function in stopped time."""
    with stopped_time() as run:
        yield lambda function: run(function())


class Sink:
    """A server's `send` that notes what it gets, and waits or fails where told."""

    def __init__(self, *waits: float, fails_at: int | None = None) -> None:
        self.messages: list[dict] = []
        self.times: list[float] = []
        self._waits = list(waits)
        self._fails_at = fails_at
        self._busy = False

    async def __call__(self, message: dict) -> None:
        assert not self._busy, "called before the last call was through"
        assert not self.complete, "called after the end"
        number = len(self.times)
        self.times.append(time.monotonic())
        if number < len(self._waits) and self._waits[number]:
            self._busy = True
            await asyncio.sleep(self._waits[number])
            self._busy = False
        if number == self._fails_at:
            raise ConnectionError("the client is gone")
        self.messages.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages)

    @property
    def complete(self) -> bool:
        return bool(self.messages) and not self.messages[-1]["more_body"]


def new_run(body="abc", *, run_id="r", heartbeat=None, **pacing):
    planned = plan(lay_out(compile_script(body), Unit.GRAPHEME, 1), Pacing(**pacing))
    context = Context(
        run_id=run_id, slug="s", revision="0" * 16, seed=0, retry_ms=100, end=9
    )
    return Run(
        planned,
        PlainFormat(),
        context,
        clock=clock,
        heartbeat=heartbeat,
    )


def begin(run: Run, send: Callable[[dict], Awaitable[None]], max_seconds=None):
    """Begin to push; return the pusher and an event of its end."""
    pusher = Pusher(run, send, copy_context(), max_seconds)
    ended = asyncio.Event()
    pusher.on_finish = ended.set
    pusher.begin()
    if pusher.finished:
        ended.set()
    return pusher, ended


def whole(run: Run) -> bytes:
    """Return what a run says, as the ordinary lane plays it."""

    async def collect() -> bytes:
        return b"".join([frame async for frame in run.frames()])

    return asyncio.run(collect())


def test_every_step_is_sent_when_it_is_due(play):
    """Never early, and at most a tick late, to the end of a long stream."""

    async def test():
        sink = Sink()
        started = time.monotonic()
        run = new_run("x" * 300, ttft=0.5, delay=0.03)
        _, ended = begin(run, sink)
        await ended.wait()
        assert spoken(sink.body) == "x" * 300
        assert sink.complete
        assert sink.times[0] == started
        for number, at in enumerate(sink.times[1:301]):
            assert -1e-6 <= at - started - (0.5 + number * 0.03) <= TICK + 1e-4
        assert run.tally.outcome == "completed"

    play(test)


waits = st.lists(st.sampled_from([0, 0, 0, 0.0005, 0.01, 0.3]), max_size=20)


@settings(max_examples=40)
@given(st.lists(st.tuples(waits, st.sampled_from([0, 0.004, 0.03])), max_size=12))
def test_whoever_waits_loses_nothing_and_delays_nobody(streams):
    """Some readers are slow now and then; each gets all, in order; the others in time."""
    expected = whole(new_run("abcdefghij", delay=0))

    async def test():
        sinks = [Sink(*slow) for slow, _ in streams]
        started = time.monotonic()
        ends = []
        for sink, (_, delay) in zip(sinks, streams, strict=True):
            ends.append(begin(new_run("abcdefghij", delay=delay), sink)[1])
        for ended in ends:
            await ended.wait()
        for sink, (slow, delay) in zip(sinks, streams, strict=True):
            assert sink.body == expected
            assert sink.complete
            due = 9 * delay
            assert sink.times[-1] - started >= due - 1e-6
            assert sink.times[-1] - started <= due + sum(slow) + 2 * TICK

    with stopped_time() as run:
        run(test())


def test_thousands_keep_their_order_and_lose_nothing(play):
    async def test():
        started = time.monotonic()
        sinks = [Sink(*[0] * (n % 9), 0.05 * (n % 7 == 0)) for n in range(3000)]
        texts = ["".join(chr(97 + (n + k) % 26) for k in range(8)) for n in range(3000)]
        ends = [
            begin(new_run(text, delay=0.03, run_id=str(n)), sink)[1]
            for n, (text, sink) in enumerate(zip(texts, sinks, strict=True))
        ]
        await asyncio.gather(*(ended.wait() for ended in ends))
        assert [spoken(sink.body) for sink in sinks] == texts
        # Sixty-four at once, and then the loop has its turn: that takes no time here.
        assert max(sink.times[-1] for sink in sinks) - started < 0.21 + 0.06 + 3 * TICK
        # Nobody had more writes than it has steps, and none had fewer for being prompt.
        assert {len(sink.times) for sink in sinks[1:6]} == {8}

    play(test)


@pytest.mark.parametrize("fails_at", [0, 1, 3])
@pytest.mark.parametrize("wait", [0, 0.5], ids=["at once", "after a wait"])
def test_a_send_that_fails_ends_the_run(play, caplog, fails_at, wait):
    """Servers raise errors of their own for a client that is gone: nothing to log."""
    caplog.set_level("INFO")

    async def test():
        sink = Sink(*[wait] * 9, fails_at=fails_at)
        run = new_run("abcdef", delay=1)
        _, ended = begin(run, sink)
        await ended.wait()
        assert len(sink.times) == fails_at + 1
        assert run.tally.outcome == "cut"
        await asyncio.sleep(30)
        assert len(sink.times) == fails_at + 1

    play(test)
    gc.collect()
    assert [record.name for record in caplog.records] == ["streams.runs"]


def test_a_reader_who_is_slow_for_too_long_is_cut_off(play):
    async def test():
        sink = Sink(0, 0, 1e6)
        run = new_run("abcdef", delay=1)
        started = time.monotonic()
        _, ended = begin(run, sink, max_seconds=12)
        await ended.wait()
        assert time.monotonic() - started == pytest.approx(12, abs=0.01)
        assert run.tally.outcome == "cut"
        assert len(asyncio.all_tasks()) == 1

    play(test)


def test_a_reader_may_be_slow_for_a_while(play):
    """What is due meanwhile comes in one write when they read again."""

    async def test():
        sink = Sink(0, 3.5, 3.5)
        run = new_run("abcdefghij", delay=1)
        _, ended = begin(run, sink, max_seconds=20)
        await ended.wait()
        assert spoken(sink.body) == "abcdefghij"
        assert len(sink.messages) < 9
        assert run.tally.outcome == "completed"
        assert run.tally.lateness > 2

    play(test)


def test_a_client_that_leaves_while_send_waits_ends_it(play, caplog):
    """Even where the server answers its cancellation with an error of its own."""

    async def test():
        cancelled = []

        async def send(message):
            try:
                await asyncio.sleep(1e6)
            except asyncio.CancelledError:
                cancelled.append(message)
                raise ConnectionError("too late") from None

        run = new_run("abc", delay=1)
        pusher, ended = begin(run, send)
        await asyncio.sleep(0.5)
        pusher.cut()
        assert ended.is_set()
        await asyncio.sleep(1)
        assert len(cancelled) == 1
        assert run.tally.outcome == "cut"

    play(test)
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_a_cut_stream_sends_no_more(play):
    async def test():
        sink = Sink()
        pusher, ended = begin(new_run("abcdef", delay=1), sink)
        await asyncio.sleep(1.5)
        sent = len(sink.times)
        pusher.cut()
        pusher.cut()
        await asyncio.sleep(10)
        assert ended.is_set()
        assert len(sink.times) == sent

    play(test)


def test_the_servers_stop_ends_all_that_play(play):
    """With a goodbye; and what begins later says it at once."""

    async def test():
        sinks = [Sink() for _ in range(5)]
        runs = [new_run("abcdef", delay=1) for _ in sinks]
        ends = [begin(run, sink)[1] for run, sink in zip(runs, sinks, strict=True)]
        await asyncio.sleep(1.5)
        clock.stop()
        late = Sink()
        late_run = new_run("abcdef", delay=1)
        ends.append(begin(late_run, late)[1])
        for ended in ends:
            await ended.wait()
        for sink, run in zip([*sinks, late], [*runs, late_run], strict=True):
            assert sink.complete
            assert b"\nretry: 500\n" in sink.body
            assert run.tally.outcome == "ended by the server's stop"
        assert [spoken(sink.body) for sink in sinks] == ["ab"] * 5
        assert spoken(late.body) == ""

    play(test)


def test_the_servers_stop_reaches_a_slow_reader_when_it_reads(play):
    async def test():
        sink = Sink(0, 3)
        run = new_run("abcdef", delay=1)
        _, ended = begin(run, sink)
        await asyncio.sleep(1.5)
        clock.stop()
        assert not ended.is_set()
        await ended.wait()
        assert sink.complete
        assert spoken(sink.body) == "ab"
        assert run.tally.outcome == "ended by the server's stop"

    play(test)


@pytest.mark.parametrize("wait", [0, 4], ids=["prompt", "slow"])
def test_a_halted_stream_ends_when_it_is_told(play, wait):
    """While it waits for its next step, or for its reader."""

    async def test():
        sink = Sink(0, 0, wait)
        run = new_run("abcdef", delay=1)
        _, ended = begin(run, sink)
        await asyncio.sleep(2.5)
        assert await halt_runs("r") in (2, 3)
        await asyncio.sleep(wait + 5)
        assert not ended.is_set()
        told = len(sink.messages)
        await end_runs("r", 1_800_000_000)
        await ended.wait()
        assert len(sink.messages) == told + 1
        assert b"stopped on request" in sink.messages[-1]["body"]
        assert sink.complete
        assert run.tally.outcome == "stopped"

    play(test)


def test_a_stream_that_is_told_to_end_while_its_reader_waits_ends_then(play):
    async def test():
        sink = Sink(0, 0, 4)
        run = new_run("abcdef", delay=1)
        _, ended = begin(run, sink)
        await asyncio.sleep(2.5)
        await halt_runs("r")
        await end_runs("r", 1_800_000_000)
        await ended.wait()
        assert sink.complete
        assert run.tally.outcome == "stopped"

    play(test)


def test_heartbeats_come_while_nothing_else_does(play):
    async def test():
        sink = Sink()
        _, ended = begin(new_run("ab", heartbeat=3, delay=7), sink)
        await ended.wait()
        bodies = [message["body"] for message in sink.messages]
        assert bodies.count(b": heartbeat\n") == 2
        assert spoken(sink.body) == "ab"

    play(test)


def test_a_stream_with_nothing_to_say_ends_at_once(play):
    async def test():
        sink = Sink()
        _, ended = begin(new_run("", delay=1), sink)
        await ended.wait()
        assert sink.complete
        assert spoken(sink.body) == ""

    play(test)


def test_a_long_stream_without_delays_lets_others_have_their_turn(play):
    """It leaves in bounded writes, with the loop's own work between them."""

    async def test():
        turns, sink = 0, Sink()
        _, ended = begin(new_run("x" * 5000, delay=0), sink)
        while not ended.is_set():
            turns += 1
            await asyncio.sleep(0)
        assert spoken(sink.body) == "x" * 5000
        assert len(sink.messages) >= 5000 // 256
        assert turns >= len(sink.messages) - 2

    play(test)


@pytest.mark.parametrize("wait", [0, 0.01], ids=["prompt", "slow"])
def test_an_ended_stream_leaves_nothing_to_the_garbage_collector(play, wait):
    """Which may be told to leave what is old alone: see QUIET_GC."""

    async def test():
        run = new_run("abc", delay=0.1)
        pusher, ended = begin(run, Sink(*[wait] * 9))
        await ended.wait()
        await asyncio.sleep(0)
        watched = [weakref.ref(pusher), weakref.ref(run)]
        del pusher, run
        assert [one() for one in watched] == [None, None]

    gc.disable()
    try:
        play(test)
    finally:
        gc.enable()


request = ContextVar("request", default="nobody's")


def test_each_stream_is_sent_and_ended_in_its_own_context(play):
    """Whatever wraps `send`, and the log of the end, see what their request set."""
    told = []

    class Note(logging.Handler):
        def emit(self, record):
            told.append((record.args[0], request.get()))

    async def test():
        ends = []
        for name in ("one", "two", "three"):

            async def send(message, name=name):
                assert request.get() == name
                await asyncio.sleep(0.01 * (name == "two"))
                assert request.get() == name

            context = copy_context()
            context.run(request.set, name)
            run = new_run("abc", delay=0.1, run_id=name)
            pusher = Pusher(run, send, context, None)
            ended = asyncio.Event()
            pusher.on_finish = ended.set
            context.copy().run(pusher.begin)
            ends.append((ended, run))
        for ended, run in ends:
            await ended.wait()
            assert run.tally.outcome == "completed"

    logger, note = logging.getLogger("streams.runs"), Note()
    level = logger.level
    logger.addHandler(note)
    logger.setLevel("INFO")
    try:
        play(test)
    finally:
        logger.removeHandler(note)
        logger.setLevel(level)
    assert sorted(told) == [("one", "one"), ("three", "three"), ("two", "two")]


class Player:
    """What a scheduler wakes: it notes when, and wishes for more."""

    def __init__(self, *wishes: float, fails: bool = False) -> None:
        self.due = 0.0
        self.woken: list[float] = []
        self._wishes = list(wishes)
        self._fails = fails

    def take(self, now: float) -> bytes:
        self.woken.append(now)
        if self._fails:
            raise RuntimeError("out of tune")
        return b""

    def push(self, frame: bytes) -> float | None:
        return self.woken[-1] + self._wishes.pop(0) if self._wishes else None


@settings(max_examples=40)
@given(st.lists(st.lists(st.floats(-0.01, 0.2), min_size=1, max_size=6), max_size=9))
def test_players_are_woken_as_they_wish(wishes):
    async def test():
        started = time.monotonic()
        players = [Player(*each[1:]) for each in wishes]
        for player, each in zip(players, wishes, strict=True):
            get_scheduler().wake(player, started + each[0])
        await asyncio.sleep(3)
        for player, each in zip(players, wishes, strict=True):
            assert len(player.woken) == len(each)
            expected = started
            for at, wish in zip(player.woken, each, strict=True):
                assert -1e-6 <= at - max(expected, expected + wish) <= TICK + 1e-4
                expected = at

    with stopped_time() as run:
        run(test())


def test_only_the_last_wish_counts(play):
    async def test():
        player, started = Player(), time.monotonic()
        get_scheduler().wake(player, started + 1)
        get_scheduler().wake(player, started + 2)
        await asyncio.sleep(5)
        assert [round(at - started, 2) for at in player.woken] == [2]

    play(test)


def test_a_player_that_fails_stops_nobody(play, caplog):
    async def test():
        now = time.monotonic()
        players = [Player(fails=number == 1) for number in range(3)]
        for player in players:
            get_scheduler().wake(player, now + 1)
        await asyncio.sleep(2)
        assert [len(player.woken) for player in players] == [1, 1, 1]

    play(test)
    assert "out of tune" in caplog.text


def test_the_loop_has_its_turn_among_many(play):
    """What a crowd wrote leaves before the next of them have theirs."""

    async def test():
        now = time.monotonic()
        players = [Player() for _ in range(MOST_AT_ONCE * 5)]
        for player in players:
            get_scheduler().wake(player, now + 1)
        counts = []
        await asyncio.sleep(1)
        while (woken := sum(len(player.woken) for player in players)) < len(players):
            counts.append(woken)
            await asyncio.sleep(0)
        assert len(set(counts)) >= 5
        steps = [b - a for a, b in zip(counts, counts[1:], strict=False)]
        assert max(steps) <= MOST_AT_ONCE

    play(test)


def test_every_loop_has_a_scheduler_of_its_own():
    async def find():
        assert get_scheduler() is get_scheduler()
        return get_scheduler()

    with stopped_time() as run:
        one = run(find())
    with stopped_time() as run:
        other = run(find())
    assert one is not other
