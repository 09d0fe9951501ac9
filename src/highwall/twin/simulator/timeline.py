"""What someone does over time, as legs: how long, what, from where to where."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.twin.simulator.chance import Floats


class Activity(IntEnum):
    """What a person or machine does."""

    IDLE = 0
    MOVING = 1
    WORKING = 2
    DOWN = 3


class Leg(NamedTuple):
    """One stretch of doing one thing."""

    seconds: float
    activity: Activity
    begin: tuple[float, float]
    end: tuple[float, float]
    """m, local."""


class Whereabouts(NamedTuple):
    """Where and what at some times."""

    activity: NDArray[np.int64]
    """(n,)."""
    local: Floats
    """(n, 2) [m]."""
    speed: Floats
    """(n,) [m s⁻¹]."""


class Timeline:
    """Legs one after another, to be asked at any time; before the first and after the last it stands still."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        self.legs = tuple(legs)
        seconds = np.array([leg.seconds for leg in legs])
        self.ends = np.cumsum(seconds)
        self.starts = self.ends - seconds
        self._activity = np.array([leg.activity for leg in legs], dtype=np.int64)
        self._begin = np.array([leg.begin for leg in legs], dtype=np.float64)
        self._way = np.array([leg.end for leg in legs], dtype=np.float64) - self._begin
        self._speed = np.linalg.norm(self._way, axis=1) / seconds

    def at(self, seconds: Floats) -> Whereabouts:
        """Whereabouts at each time (n,) [s]."""
        index = np.clip(np.searchsorted(self.starts, seconds, side="right") - 1, 0, len(self.legs) - 1)
        share = np.clip((seconds - self.starts[index]) / (self.ends - self.starts)[index], 0.0, 1.0)
        local = self._begin[index] + self._way[index] * share[:, None]
        return Whereabouts(self._activity[index], local, self._speed[index])

    def interrupted(self, at_s: float, seconds: float) -> "Timeline":
        """The same, but down for some time; what was to come comes later."""
        here = tuple(float(value) for value in self.at(np.array([at_s])).local[0])
        down = Leg(seconds, Activity.DOWN, here, here)  # type: ignore[arg-type]
        before, after = _cut(self.legs, at_s, here)
        return Timeline([*before, down, *after])

    def told(self) -> list[dict[str, Any]]:
        """Legs as JSON data."""
        return [
            {
                "from_s": round(float(start), 3), "to_s": round(float(end), 3), "activity": leg.activity.name.lower(),
                "begin_m": [round(x, 2) for x in leg.begin], "end_m": [round(x, 2) for x in leg.end],
            }
            for leg, start, end in zip(self.legs, self.starts, self.ends, strict=True)
        ]  # fmt: skip


def _cut(legs: Sequence[Leg], at_s: float, here: Any) -> tuple[list[Leg], list[Leg]]:
    """Legs before and after a moment; the one that it falls into is in both, shortened."""
    before: list[Leg] = []
    left = at_s
    for index, leg in enumerate(legs):
        if left < leg.seconds:
            first = [leg._replace(seconds=left, end=here)] if left > 0.0 else []
            return [*before, *first], [leg._replace(seconds=leg.seconds - left, begin=here), *legs[index + 1 :]]
        before.append(leg)
        left -= leg.seconds
    return before, []
