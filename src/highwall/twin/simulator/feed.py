"""Handing a simulation to gateways, in real or in accelerated time."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from highwall.telemetry.messages import (
    Event,
    Message,
    Priority,
    Range,
    Reading,
    events_message,
    readings_message,
)
from highwall.twin.bus import MessageBus
from highwall.twin.simulator.simulation import Simulation

PACK: Final = 100
"""Readings in a message, at most."""


class Sink(Protocol):
    """Where the gateways' words go: an outbox for each, or a bus."""

    def put(self, gateway: str, readings: Sequence[Reading], events: Sequence[Event]) -> None:
        """Take what a gateway heard."""

    def link(self, gateway: str, *, is_up: bool) -> None:
        """A gateway's link is cut or restored."""


def feed(
    simulation: Simulation,
    sink: Sink,
    *,
    start_us: int,
    speed: float = 1.0,
    step_s: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Hand a simulation over as its time goes by, and say how many readings and events that were.

    Parameters
    ----------
    start_us
        Time at which the simulation starts, as its readings state it [µs since 1970 UTC].
    speed
        Simulated seconds a second; infinite: as fast as the sink takes them.
    step_s
        What is handed over at once [s].
    should_stop
        Asked before each step; True ends it.
    """
    began, n_said = clock(), 0
    is_up = dict.fromkeys(simulation.layout.gateways, True)
    for batch in simulation.play(start_us, step_s=step_s):
        if should_stop():
            break
        early_s = batch.until_s / speed - (clock() - began)
        if early_s > 0.0:
            sleep(early_s)
        for gateway, was_up in is_up.items():
            is_up[gateway] = not simulation.script.is_cut(gateway, batch.until_s)
            if is_up[gateway] is not was_up:
                sink.link(gateway, is_up=is_up[gateway])
        sink.put(batch.gateway, batch.readings, batch.events)
        n_said += len(batch.readings) + len(batch.events)
    return n_said


class BusSink:
    """Gateways without an outbox: each numbers what it hears, packs it, and publishes it on a bus.

    What is said while a link is cut waits in memory and is published when it is back. Nothing is kept beyond that:
    it is for demonstrations and tests of a server in the same process.
    """

    def __init__(self, bus: MessageBus, *, site: str, boot_epoch: str = "simulated", pack: int = PACK) -> None:
        self._bus = bus
        self._site = site
        self._boot_epoch = boot_epoch
        self._pack = pack
        self._last: dict[tuple[str, Priority], int] = {}
        self._waiting: dict[str, deque[Message]] = {}
        """Of gateways whose link is cut."""

    def put(self, gateway: str, readings: Sequence[Reading], events: Sequence[Event]) -> None:
        """Publish what a gateway heard, events first."""
        if events:
            numbers = self._numbers(gateway, Priority.ALARM, len(events))
            self._send(gateway, events_message(self._site, gateway, numbers, events))
        for begin in range(0, len(readings), self._pack):
            some = readings[begin : begin + self._pack]
            numbers = self._numbers(gateway, Priority.TELEMETRY, len(some))
            self._send(gateway, readings_message(self._site, gateway, numbers, some))

    def link(self, gateway: str, *, is_up: bool) -> None:
        """Hold what a gateway says back, or publish all that waited."""
        if not is_up:
            self._waiting[gateway] = deque()
            return
        for message in self._waiting.pop(gateway, ()):
            self._bus.publish(message)

    def _numbers(self, gateway: str, priority: Priority, n: int) -> Range:
        last = self._last.get((gateway, priority), 0)
        self._last[gateway, priority] = last + n
        return Range(priority, self._boot_epoch, last + 1, last + n)

    def _send(self, gateway: str, message: Message) -> None:
        if gateway in self._waiting:
            self._waiting[gateway].append(message)
        else:
            self._bus.publish(message)
