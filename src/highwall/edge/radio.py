"""The tag radio as a plug-in: what a gateway hears of the tags around it, as readings.

A tag's strength at this gateway is ``TAG/rssi/GATEWAY``; what the tag tells of itself is ``TAG/property``.
"""

from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np

from highwall.edge.options import ScanOptions
from highwall.telemetry.messages import Event, Reading, Sighted

_S: Final = 1_000_000
_GRAVITY: Final = 9.80665
"""Standard gravity [m s⁻²]."""


class Radio(Protocol):
    """Listens for tags while it is on; everything here returns without waiting."""

    def listen(self, *, is_on: bool) -> None:
        """Turn listening on or off; asked again for what is so already, nothing happens."""

    def heard(self, now_us: int) -> Sighted:
        """Give what was heard since the last call."""

    def close(self) -> None:
        """Leave the device as it was found."""


class SilentRadio:
    """No radio: a gateway that only reads brokers beside it, or images."""

    def listen(self, *, is_on: bool) -> None:
        """Do nothing."""

    def heard(self, now_us: int) -> Sighted:
        """Give nothing."""
        return Sighted([], [])

    def close(self) -> None:
        """Do nothing."""


class SimulatedRadio:
    """Tags that do not exist, for tests and trials; the same seed says the same.

    Each tag tells its acceleration ``rate_hz`` times a second, and its battery, temperature and strength once.
    """

    def __init__(self, gateway: str, *, n_tags: int, rate_hz: int, seed: int, start_us: int) -> None:
        self._gateway = gateway
        self._tags = [f"tag-{number}" for number in range(1, n_tags + 1)]
        self._step_us = _S // rate_hz
        self._rate_hz = rate_hz
        self._random = np.random.default_rng(seed)
        self._next = start_us // self._step_us + 1
        self._is_on = True
        self._still: dict[str, int] = {}
        self._pressed: list[Event] = []

    def fall(self, tag: str, at_us: int) -> None:
        """Have the bearer of a tag fall, and lie still from then on."""
        self._still[tag] = at_us

    def listen(self, *, is_on: bool) -> None:
        """Turn listening on or off; tags go on telling, and nobody hears."""
        self._is_on = is_on

    def press(self, tag: str, at_us: int) -> None:
        """Have the bearer of a tag press its button."""
        self._pressed.append(Event("button", at_us, tag))

    def heard(self, now_us: int) -> Sighted:
        """Give what the tags told since the last call, if the radio is on."""
        steps = range(self._next, now_us // self._step_us + 1)
        self._next = max(self._next, steps.stop)
        said = [reading for step in steps for tag in self._tags for reading in self._told(tag, step)]
        pressed, self._pressed = self._pressed, []
        return Sighted(said, pressed) if self._is_on else Sighted([], [])

    def close(self) -> None:
        """Do nothing."""

    def _told(self, tag: str, step: int) -> Iterator[Reading]:
        at_us = step * self._step_us
        yield Reading(f"{tag}/acceleration", at_us, self._acceleration(tag, at_us))
        if step % self._rate_hz == 0:
            yield Reading(f"{tag}/rssi/{self._gateway}", at_us, float(self._random.integers(-95, -40)))
            yield Reading(f"{tag}/battery", at_us, 3.6)
            yield Reading(f"{tag}/temperature", at_us, 300.0 + float(self._random.normal(0.0, 0.1)))

    def _acceleration(self, tag: str, at_us: int) -> list[float]:
        fell_us = self._still.get(tag)
        if fell_us is None or at_us < fell_us:
            return [float(part) for part in self._random.normal((0.0, 0.0, _GRAVITY), 1.5)]
        if at_us - fell_us < self._step_us:
            return [20.0, 5.0, 25.0]
        return [_GRAVITY, 0.0, 0.0]


def is_scanning(scan: ScanOptions, now_us: int, *, forced_until_us: int = 0) -> bool:
    """Whether the radio shall listen: within its window, or because a command asked for it."""
    into_s = now_us / _S % scan.every_s
    return now_us < forced_until_us or into_s < scan.window_s
