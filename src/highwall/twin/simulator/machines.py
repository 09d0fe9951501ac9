"""What the unit on a machine says: acceleration, vibration, position by satellite, speed."""

from typing import Final, NamedTuple

import numpy as np

from highwall.twin.simulator.body import GRAVITY
from highwall.twin.simulator.chance import Floats
from highwall.twin.simulator.layout import Layout, height
from highwall.twin.simulator.timeline import Activity, Timeline

_SHAKE: Final = {Activity.IDLE: 0.12, Activity.MOVING: 0.9, Activity.WORKING: 1.5, Activity.DOWN: 0.0}
"""m s⁻², by activity; idle with the engine running."""
_VIBRATION: Final = {Activity.IDLE: 0.0015, Activity.MOVING: 0.006, Activity.WORKING: 0.011, Activity.DOWN: 0.0}
"""m s⁻¹, by activity."""
_SHOCK_SHARE, _SHOCK_SIZE = 0.02, 6.0
"""Share of samples at work with a shock, and its size [m s⁻²]."""
POSITION_NOISE_M: Final = 1.5
"""m, of each horizontal component; three times as much in height."""


class Fix(NamedTuple):
    """Position by satellite."""

    position: Floats
    """(n, 3): degrees east and north, m of height."""
    speed: Floats
    """(n,) [m s⁻¹]."""


def shaking(timeline: Timeline, seconds: Floats, *, random: np.random.Generator) -> Floats:
    """Acceleration of a machine's frame, z up: (n,) to (n, 3) [m s⁻²]."""
    activity = timeline.at(seconds).activity
    shake = np.array([_SHAKE[kind] for kind in Activity])[activity]
    felt = random.normal(size=(len(seconds), 3)) * shake[:, None]
    shocks = (random.random(len(seconds)) < _SHOCK_SHARE) & (activity == Activity.WORKING)
    felt[:, 2] += GRAVITY + np.where(shocks, random.normal(size=len(seconds)) * _SHOCK_SIZE, 0.0)
    return np.asarray(felt.round(2))


def vibration(timeline: Timeline, seconds: Floats, *, random: np.random.Generator) -> Floats:
    """Vibration velocity of the engine mount, root mean square: (n,) [m s⁻¹]."""
    usual = np.array([_VIBRATION[kind] for kind in Activity])[timeline.at(seconds).activity]
    return np.asarray((usual * np.exp(random.normal(0.0, 0.12, len(seconds)))).round(6))


def fix(timeline: Timeline, seconds: Floats, *, layout: Layout, random: np.random.Generator) -> Fix:
    """Position and speed at each time (n,) as a receiver gives them."""
    where = timeline.at(seconds)
    error = random.normal(0.0, POSITION_NOISE_M, (len(seconds), 3))
    lonlat = layout.to_lonlat(where.local + error[:, :2])
    up = height(where.local) + 3.0 * error[:, 2]
    speed = np.abs(where.speed + random.normal(0.0, 0.05, len(seconds)))
    return Fix(np.column_stack([lonlat.round(7), up.round(2)]), np.asarray(speed.round(2)))
