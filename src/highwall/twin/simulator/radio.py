"""How strongly a tag hears the beacons: log-distance loss, slow shadowing, noise, a limit below which it is deaf."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.twin.simulator.chance import Floats, Wander, chance, wander
from highwall.twin.simulator.layout import Beacon

PATH_LOSS_EXPONENT: Final = 2.3
"""Open pit: a little over free space's 2."""
SHADOWING_DB: Final = 3.0
"""dB, standard deviation of slow shadowing by bodies, machines and benches."""
NOISE_DB: Final = 2.0
SENSITIVITY_DBM: Final = -106.0
"""dBm, below which nothing is heard."""


class Link(NamedTuple):
    """Between one tag and one beacon."""

    tag_id: str
    beacon: Beacon
    shadow: Wander
    """dB."""


class Heard(NamedTuple):
    """What a tag hears of one beacon."""

    is_heard: NDArray[np.bool_]
    """(n,)."""
    rssi: Floats
    """(n,) [dBm], whole numbers."""


def link_of(tag_id: str, beacon: Beacon, *, seed: int) -> Link:
    """Draw the shadowing between a tag and a beacon."""
    random = chance(seed, f"{tag_id}/{beacon.beacon_id}")
    return Link(tag_id, beacon, wander(random, period_s=(20.0, 300.0), size=SHADOWING_DB))


def expected_rssi(beacon: Beacon, distance_m: Floats) -> Floats:
    """Signal strength without chance [dBm] at distances (n,) [m]."""
    return np.asarray(beacon.power_dbm - 10.0 * PATH_LOSS_EXPONENT * np.log10(np.maximum(distance_m, 1.0)))


def heard(link: Link, seconds: Floats, local: Floats, *, random: np.random.Generator) -> Heard:
    """What is heard at each time (n,) at local positions (n, 2) [m]."""
    distance = np.linalg.norm(local - np.array(link.beacon.local), axis=1)
    level = expected_rssi(link.beacon, distance) + link.shadow.at(seconds) + random.normal(0.0, NOISE_DB, len(seconds))
    return Heard(level >= SENSITIVITY_DBM, np.asarray(np.rint(level)))
