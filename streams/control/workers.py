"""Commands to runs of other processes, over the site's channel layer.

While a process plays something, one task of it listens, in one group for all runs: a
run costs nothing here. Whoever sends a command tells the group and waits for those who
play what is meant to answer. A layer may lose messages, so a command that nobody has
answered is told again; whoever has carried it out answers again, and does no more.
"""

import asyncio
import logging
import os
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context
from typing import Any
from uuid import uuid4

from django.conf import settings

from streams.conf import conf
from streams.control import register as registers
from streams.control.commands import Command, Reach, Report
from streams.control.register import Register

logger = logging.getLogger("streams.control")

GROUP = "streams.control"

PATIENCE = 1.0
"""Seconds to wait for whoever plays what is meant."""

QUIET = 0.3
"""Seconds without a further answer after which, of several runs, all have answered."""

AGAIN = (0.15, 0.5)
"""Seconds after which a command without an answer is told once more."""

REFRESH = 10.0
"""Seconds from one sign that this process listens to the next; a Redis that was
restarted has forgotten it. A process that plays nothing then stops listening."""

LONGEST_WAIT = 15.0
"""Seconds from one try to reach the layer to the next, at most."""

_NAME = uuid4().hex
_tasks: set[asyncio.Task[None]] = set()


def find_layer() -> tuple[Any, Reach]:
    """Return the channel layer that processes share, or None and why there is none."""
    alias = conf.control_layer
    if alias is None or alias not in getattr(settings, "CHANNEL_LAYERS", {}):
        return None, Reach.NO_LAYER
    try:
        from channels.layers import InMemoryChannelLayer, get_channel_layer
    except ImportError:
        return None, Reach.NO_CHANNELS
    try:
        layer = get_channel_layer(alias)
    except Exception as error:
        # Streams must not fail for what only control needs.
        logger.warning("The channel layer '%s' cannot be had: %r.", alias, error)
        return None, Reach.LAYER_FAILED
    if isinstance(layer, InMemoryChannelLayer):
        return None, Reach.IN_MEMORY
    return layer, Reach.WORKERS


async def send(command: Command) -> Report:
    """Have a command carried out by whoever plays what is meant; say who that was.

    Waits for a second at most, where other processes may play it.
    """
    report = await _perform_in_this_process(command)
    layer, report.reach = find_layer()
    if layer is None:
        return report
    try:
        async with asyncio.timeout(3 * PATIENCE):
            await _ask_others(layer, command, report)
    except Exception as error:
        # Each layer has errors of its own.
        logger.warning("Other processes cannot be asked: %r.", error)
        report.reach = Reach.LAYER_FAILED
    return report


async def _perform_in_this_process(command: Command) -> Report:
    report = registers.here().perform(command)
    for loop, register in registers.elsewhere():
        answer = _perform_on(loop, register, command)
        with suppress(TimeoutError):
            report.add(await asyncio.wait_for(asyncio.wrap_future(answer), PATIENCE))
    return report


def _perform_on(
    loop: asyncio.AbstractEventLoop, register: Register, command: Command
) -> "Future[Report]":
    answer: Future[Report] = Future()

    def perform() -> None:
        if answer.set_running_or_notify_cancel():
            try:
                answer.set_result(register.perform(command))
            except Exception as error:
                answer.set_exception(error)

    try:
        loop.call_soon_threadsafe(perform)
    except RuntimeError:  # It was closed meanwhile.
        answer.set_result(Report())
    return answer


async def _ask_others(layer: Any, command: Command, report: Report) -> None:
    reply = await layer.new_channel()
    message = {
        "type": GROUP,
        "command": command.as_message(),
        "reply": reply,
        "sender": _this_process(),
    }
    await layer.group_send(GROUP, message)
    one = bool(command.run_id)
    if one and report.runs:
        # It may be played twice; but nobody needs to hear that.
        return
    loop = asyncio.get_running_loop()
    began = loop.time()
    again = [began + seconds for seconds in AGAIN]
    until = began + (QUIET if report.runs or report.ended else PATIENCE)
    receiving = asyncio.ensure_future(layer.receive(reply))
    try:
        while (now := loop.time()) < until:
            wake = min(until, *again[:1]) if again else until
            await asyncio.wait({receiving}, timeout=max(0.0, wake - now))
            if receiving.done():
                report.add(_read_report(receiving.result()))
                if one and report.runs:
                    return
                receiving = asyncio.ensure_future(layer.receive(reply))
                until = min(until, loop.time() + QUIET)
            elif again and loop.time() >= again[0]:
                again.pop(0)
                await layer.group_send(GROUP, message)
    finally:
        await _cancel(receiving)


def listen(register: Register) -> None:
    """Carry out what other processes wish of this event loop's runs."""
    register.listens = True
    with suppress(RuntimeError):  # Without an event loop, nobody could listen.
        loop = asyncio.get_running_loop()
        layer, _ = find_layer()
        if layer is not None:
            # Not in the context of the request that happens to be the first.
            task = loop.create_task(_listen(register, layer), context=Context())
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)


registers.on_first.append(listen)


async def _listen(register: Register, layer: Any) -> None:
    failures = 0
    while True:
        try:
            await _hear(register, layer)
            return
        except Exception as error:
            failures += 1
            if failures == 1:
                logger.warning(
                    "Commands of other processes do not reach the runs of this one:"
                    " %r.",
                    error,
                )
        await asyncio.sleep(min(0.25 * 2**failures, LONGEST_WAIT))
        if not register:
            register.listens = False
            return


async def _hear(register: Register, layer: Any) -> None:
    """Listen until nothing plays; raise whatever the layer raises."""
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    receiving = asyncio.ensure_future(layer.receive(channel))
    try:
        while True:
            await asyncio.wait({receiving}, timeout=REFRESH)
            if receiving.done():
                message = receiving.result()
                receiving = asyncio.ensure_future(layer.receive(channel))
                # A full channel, or another version's message, is no reason to go.
                try:
                    await _answer(register, layer, message)
                except Exception:
                    logger.exception("a command could not be answered")
            elif register:
                await layer.group_add(GROUP, channel)
            else:
                # In this order: a run that begins from now on listens anew.
                register.listens = False
                break
    finally:
        await _cancel(receiving)
    await layer.group_discard(GROUP, channel)


async def _answer(register: Register, layer: Any, message: Mapping[str, Any]) -> None:
    """Carry out what a message says, and tell its sender, if there was anything."""
    if message["sender"] == _this_process():
        return
    command = Command.from_message(message["command"])
    report = register.perform_once(command)
    if report.runs or report.ended:
        answer = {"type": GROUP, "runs": report.runs, "ended": report.ended}
        await layer.send(message["reply"], answer)


def _read_report(message: Mapping[str, Any]) -> Report:
    return Report(runs=list(message["runs"]), ended=message["ended"])


def _this_process() -> str:
    # Workers that were forked share the name.
    return f"{_NAME}-{os.getpid()}"


async def _cancel(receiving: "asyncio.Future[Any]") -> None:
    receiving.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await receiving
