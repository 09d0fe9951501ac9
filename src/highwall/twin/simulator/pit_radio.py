"""A simulated pit as one gateway's tag radio, in real time: what a real gateway listens to in demonstrations."""

from typing import Final

from highwall.telemetry.messages import Event, Reading, Sighted
from highwall.twin.simulator.simulation import Simulation

_STEP_S: Final = 0.5


class PitRadio:
    """Everything that one gateway hears of a simulation, as its clock goes by; like ``edge.radio.Radio``."""

    def __init__(self, simulation: Simulation, gateway: str, *, start_us: int, now_us: int) -> None:
        from_s = max(now_us - start_us, 0) / 1e6
        self._batches = (
            batch for batch in simulation.play(start_us, step_s=_STEP_S, from_s=from_s) if batch.gateway == gateway
        )
        self._start_us = start_us
        self._next = next(self._batches, None)
        self._is_on = True

    def listen(self, *, is_on: bool) -> None:
        """Turn listening on or off; the pit goes on, and nobody hears."""
        self._is_on = is_on

    @property
    def is_over(self) -> bool:
        """Whether all of the simulation was heard."""
        return self._next is None

    def heard(self, now_us: int) -> Sighted:
        """Give what was said since the last call, in order of time."""
        readings, events = list[Reading](), list[Event]()
        while self._next is not None and self._start_us + self._next.until_s * 1e6 <= now_us:
            readings += self._next.readings
            events += self._next.events
            self._next = next(self._batches, None)
        return Sighted(readings, events) if self._is_on else Sighted([], [])

    def close(self) -> None:
        """Leave; the pit is forgotten."""
        self._next = None
