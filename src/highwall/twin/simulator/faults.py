"""How sensors fail: what a fault makes of readings."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.twin.simulator.chance import Floats
from highwall.twin.simulator.options import FaultKind
from highwall.twin.simulator.script import Fault

_DRIFT_NOISES: Final = 60.0
"""Error of a drift at the fault's end, in standard deviations of a reading."""
_LIE_NOISES: Final = 40.0
"""Offset of a lie, likewise."""
_SPIKE_NOISES: Final = 80.0
_SPIKE_SHARE: Final = 0.06
_NOISE_FACTOR: Final = 10.0
CLOCK_ERROR_S: Final = 5400.0
"""s, by which a wrong clock is ahead."""


class Sensed(NamedTuple):
    """Readings of one scalar sensor on their way through a fault."""

    sensed_s: Floats
    values: Floats
    stated_s: Floats
    """(n,) each."""

    def kept(self, keep: NDArray[np.bool_]) -> "Sensed":
        """Those for which ``keep`` (n,) is True."""
        return Sensed(self.sensed_s[keep], self.values[keep], self.stated_s[keep])


def failed(sensed: Sensed, fault: Fault, *, noise: float, frozen: float, random: np.random.Generator) -> Sensed:
    """What comes of readings when a sensor fails; outside the fault's time nothing changes.

    Parameters
    ----------
    noise
        Standard deviation of a reading, the measure of the fault's size.
    frozen
        Value at the beginning of the fault.
    """
    during = (sensed.sensed_s >= fault.from_s) & (sensed.sensed_s < fault.to_s)
    if fault.kind is FaultKind.DROP:
        return sensed.kept(~during)
    if fault.kind is FaultKind.CLOCK:
        return sensed._replace(stated_s=sensed.stated_s + np.where(during, CLOCK_ERROR_S, 0.0))
    wrong = _wrong(sensed, fault, noise=noise, frozen=frozen, random=random)
    return sensed._replace(values=np.where(during, wrong, sensed.values))


def _wrong(sensed: Sensed, fault: Fault, *, noise: float, frozen: float, random: np.random.Generator) -> Floats:
    values, n = sensed.values, len(sensed.values)
    if fault.kind is FaultKind.STUCK:
        return np.full(n, frozen)
    if fault.kind is FaultKind.DRIFT:
        share = (sensed.sensed_s - fault.from_s) / (fault.to_s - fault.from_s)
        return np.asarray(values + _DRIFT_NOISES * noise * share)
    if fault.kind is FaultKind.LIE:
        return np.asarray(frozen + 0.3 * (values - frozen) + _LIE_NOISES * noise)
    if fault.kind is FaultKind.SPIKE:
        is_spike = random.random(n) < _SPIKE_SHARE
        return np.asarray(values + np.where(is_spike, random.choice([-1.0, 1.0], n) * _SPIKE_NOISES * noise, 0.0))
    return np.asarray(values + random.normal(0.0, _NOISE_FACTOR * noise, n))
