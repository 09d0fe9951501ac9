"""The ground and its sensors: weather, water, a crack that opens and, perhaps, fails."""

from typing import Final, NamedTuple

import numpy as np

from highwall.twin.simulator.chance import Floats, Wander, chance, wander
from highwall.twin.simulator.layout import CRACK, Point
from highwall.twin.simulator.script import CrackGrowth

DAY_S: Final = 86_400.0
MEAN_AIR_K: Final = 295.0
_DAILY_K: Final = 6.0
_TENSION: Final = 3e-4
"""Strain built up when the crack opens; two thirds of it are released then."""
_TILT_PER_METRE: Final = 0.08
"""rad m⁻¹, of ground beside the crack by its opening."""
_RELEASE_S: Final = 600.0


class GroundSensor(NamedTuple):
    """One datastream of the ground: base + thermal × (air - mean) + share × crack + wandering, read with noise."""

    thing: str
    observed: str
    gateway: str
    local: Point
    """m."""
    base: float
    noise: float
    """Standard deviation of a reading."""
    thermal: float = 0.0
    """By kelvin."""
    crack_share: float = 0.0
    """Of what happens at the crack itself."""
    wander_size: float = 0.0
    is_common: bool = False
    """Whether the wandering is that of all its neighbours."""

    @property
    def datastream(self) -> str:
        """Its name."""
        return f"{self.thing}/{self.observed}"


def _crack_station(number: int, *, away_m: float, share: float) -> tuple[GroundSensor, ...]:
    thing, place = f"crack-{number}", (CRACK[0] + away_m, CRACK[1] + 0.4 * away_m)
    return (
        GroundSensor(thing, "crack_width", "gw-pit", place, 0.004, 4e-5, 1.5e-5, share),
        GroundSensor(thing, "strain", "gw-pit", place, 0.0, 2e-6, 8e-6, share),
        GroundSensor(thing, "tilt", "gw-pit", place, 0.0, 8e-6, 1e-5, share),
        GroundSensor(thing, "temperature", "gw-pit", place, MEAN_AIR_K, 0.1, 0.8),
    )


def _piezometer(number: int) -> GroundSensor:
    place = (-230.0 + 25.0 * number, 170.0)
    sensor = GroundSensor(f"piezo-{number}", "pore_pressure", "gw-pit", place, 6e4, 40.0)
    return sensor._replace(wander_size=1500.0, is_common=True)


SENSORS: Final[tuple[GroundSensor, ...]] = (
    *_crack_station(1, away_m=0.0, share=1.0),
    *_crack_station(2, away_m=12.0, share=0.7),
    *_crack_station(3, away_m=-15.0, share=0.4),
    *_crack_station(4, away_m=420.0, share=0.0),
    GroundSensor("prism-1", "displacement", "gw-pit", (-188.0, 140.0), 0.0, 5e-4, 0.0, 1.5),
    GroundSensor("prism-2", "displacement", "gw-pit", (-175.0, 128.0), 0.0, 5e-4, 0.0, 0.9),
    GroundSensor("prism-3", "displacement", "gw-pit", (180.0, -130.0), 0.0, 5e-4),
    GroundSensor("prism-4", "displacement", "gw-pit", (195.0, -120.0), 0.0, 5e-4),
    *(_piezometer(number) for number in (1, 2, 3, 4)),
    GroundSensor("tilt-1", "tilt", "gw-plant", (430.0, -300.0), 0.0, 8e-6, 1e-5),
    GroundSensor("weather-1", "temperature", "gw-plant", (390.0, 240.0), MEAN_AIR_K, 0.1, 1.0),
    GroundSensor("weather-1", "humidity", "gw-plant", (390.0, 240.0), 0.55, 0.01, -0.02),
)  # fmt: skip
"""Every sensor of the ground."""
_SOUND: Final = ("crack-1", "crack-2", "piezo-1", "piezo-3", "piezo-4", "prism-4")
"""Things that never fail: those at the crack, and the neighbours by which a failed one can be told."""
FIT_TO_FAIL: Final = tuple(
    sensor.datastream for sensor in SENSORS if not sensor.crack_share and sensor.thing not in _SOUND
)
"""Those whose faults cannot be taken for the crack."""


class Ground(NamedTuple):
    """What the ground does over time."""

    seed: int
    weather: Wander
    """K."""
    water: Wander
    """Common wandering of the water, standard deviation 1."""
    crack: CrackGrowth | None

    def air(self, seconds: Floats) -> Floats:
        """Air temperature at each time: (n,) [K]."""
        return MEAN_AIR_K - _DAILY_K * np.cos(2.0 * np.pi * (seconds / DAY_S - 0.1)) + self.weather.at(seconds)

    def true(self, sensor: GroundSensor, seconds: Floats) -> Floats:
        """What a sensor without noise or fault would read at each time (n,); NaN where it was torn away."""
        value = sensor.base + sensor.thermal * (self.air(seconds) - MEAN_AIR_K)
        if sensor.wander_size:
            own = _own(self.seed, sensor).at(seconds)
            value = value + sensor.wander_size * (self.water.at(seconds) + 0.1 * own if sensor.is_common else own)
        if self.crack is not None and sensor.crack_share:
            value = value + sensor.crack_share * _at_crack(self.crack, sensor.observed, seconds)
        return np.asarray(value)


def ground_of(seed: int, crack: CrackGrowth | None) -> Ground:
    """Draw the weather and the water."""
    random = chance(seed, "ground")
    weather = wander(random, period_s=(0.3 * DAY_S, 6.0 * DAY_S), size=1.5)
    return Ground(seed, weather, wander(random, period_s=(0.5 * DAY_S, 10.0 * DAY_S), size=1.0), crack)


def opening(crack: CrackGrowth, seconds: Floats) -> Floats:
    """How far the crack has opened: (n,) [m]; NaN from failure on.

    Source: Fukuzono 1985: 1/v falls on a straight line, so that the opening grows as the logarithm of the time left.
    """
    left = (crack.failure_s - seconds) / (crack.failure_s - crack.onset_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = -crack.scale_m * np.log(np.minimum(left, 1.0))
    return np.where(left > 0.0, grown, np.nan)


def _at_crack(crack: CrackGrowth, observed: str, seconds: Floats) -> Floats:
    opened = opening(crack, seconds)
    if observed == "strain":
        built = _TENSION * np.clip(seconds / crack.onset_s, 0.0, 1.0) ** 2
        released = 1.0 - np.exp(-np.maximum(seconds - crack.onset_s, 0.0) / _RELEASE_S)
        return np.asarray(np.where(np.isnan(opened), np.nan, built * (1.0 - 2.0 / 3.0 * released)))
    return opened * _TILT_PER_METRE if observed == "tilt" else opened


def _own(seed: int, sensor: GroundSensor) -> Wander:
    return wander(chance(seed, f"{sensor.datastream}/own"), period_s=(0.2 * DAY_S, 3.0 * DAY_S), size=1.0)
