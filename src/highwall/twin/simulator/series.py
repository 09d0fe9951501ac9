"""Samples of one datastream over a stretch of time, and when they are taken."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.telemetry.messages import Reading
from highwall.twin.simulator.chance import Floats


class Series(NamedTuple):
    """What one sensor says in a stretch of time."""

    datastream: str
    gateway: str
    sensed_s: Floats
    """(n,) [s], when it really was."""
    values: NDArray[Any]
    """(n,) or (n, k), SI. NaN is missing."""
    stated_s: Floats | None = None
    """(n,) [s], when the sensor's clock says it was; by default the truth."""

    def readings(self, start_us: int) -> list[Reading]:
        """As readings, for a simulation that starts at a time [µs since 1970]."""
        stated = self.sensed_s if self.stated_s is None else self.stated_s
        times = (start_us + np.rint(stated * 1e6).astype(np.int64)).tolist()
        if self.values.ndim > 1:
            return [Reading(self.datastream, *pair) for pair in zip(times, self.values.tolist(), strict=True)]
        results = [None if value != value else value for value in self.values.tolist()]  # NaN is unlike itself
        return [Reading(self.datastream, *pair) for pair in zip(times, results, strict=True)]


def ticks(interval_s: float, *, offset: float, begin_s: float, end_s: float) -> Floats:
    """Times at which a sensor speaks in ``begin_s`` ≤ t < ``end_s``; ``offset``, 0 … 1, is its share of an interval."""
    first = np.ceil(begin_s / interval_s - offset)
    last = np.ceil(end_s / interval_s - offset)
    return np.asarray((np.arange(first, last) + offset) * interval_s)
