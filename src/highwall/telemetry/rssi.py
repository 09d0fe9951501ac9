"""Where a tag is, from the strength at which it hears beacons: a place and the radius that holds it.

The strength falls with the logarithm of the distance, P(d) = P₀ − 10 n log₁₀(d / 1 m) + X, and X is what the
surroundings do: walls of rock, machines, bodies. Its size, the *location environmental noise* [dB], is one of the
sensitivities that Yu et al. (2023), 3.1.3, name. X is taken to be Student-t, so that one beacon behind a truck does
not pull the place along. The place is the mean of all places, each weighted by how likely it is; the radius is that
of the circle around it that holds the stated share of this weight.

Source: Rappaport 2002, eq. 4.69 (log-distance path loss); Lange et al. 1989 (Student-t errors).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from highwall.telemetry.local_plane import LocalPlane
from highwall.telemetry.messages import Reading
from highwall.telemetry.tag_options import RssiOptions

_FREEDOM: Final = 5.0
"""Degrees of freedom of the Student-t: tails that allow one beacon in ten to be far off."""
_SCALE: Final = math.sqrt((_FREEDOM - 2.0) / _FREEDOM)
"""Scale of a Student-t whose standard deviation is 1."""
_SIDE: Final = 41
"""Places along each side of the grid."""
_ROUNDS: Final = 5
"""At most so often the grid narrows onto the likely places."""
_KEPT: Final = 0.999
"""Share of the weight that a narrower grid must still hold."""
_NARROW: Final = 0.5
"""The grid narrows while the likely places take less than this share of its side."""
_REACH: Final = 3.0
"""Environmental noises by which the nearest beacon may have been heard too weakly."""
_LEAST_M: Final = 1.0
"""Distance at which a beacon's power is given; nearer than this the strength tells no distance."""

Floats = NDArray[np.float64]


class Beacon(NamedTuple):
    """A beacon whose place is known."""

    lon: float
    """degree"""
    lat: float
    """degree"""
    height_m: float
    """Above the sea, as the places of tags."""
    power_dbm: float
    """Strength at 1 m."""
    above_m: float = 2.0
    """How much higher than a tag that passes below it hangs [m]."""


class Fix(NamedTuple):
    """Where a tag is."""

    at_us: int
    lon: float
    lat: float
    height_m: float
    """Of the beacons that were heard, weighted by nearness, less what they hang above the tag: not measured."""
    radius_m: float
    """Holds the place with the share that was asked for, if the noise is as stated."""
    n_beacons: int


class Heard(msgspec.Struct, frozen=True):
    """A beacon was heard once."""

    at_us: int
    beacon: str
    rssi_dbm: float


class Hearing(msgspec.Struct, frozen=True):
    """What one tag heard lately."""

    heard: tuple[Heard, ...] = ()


def hear(hearing: Hearing, heard: Heard, *, options: RssiOptions) -> Hearing:
    """Add what was heard, in whatever order it comes, and forget what is older than the window."""
    kept = sorted((*hearing.heard, heard), key=lambda each: (each.at_us, each.beacon, each.rssi_dbm))
    since_us = kept[-1].at_us - round(options.window_s * 1e6)
    return Hearing(tuple(each for each in kept if each.at_us > since_us)[-options.most_heard :])


def fix(hearing: Hearing, beacons: Mapping[str, Beacon], *, options: RssiOptions) -> Fix | None:
    """Where the tag is at the time of the last thing heard; None while too few known beacons are heard."""
    strengths: dict[str, list[float]] = {}
    for each in hearing.heard:
        if each.beacon in beacons and np.isfinite(each.rssi_dbm):
            strengths.setdefault(each.beacon, []).append(each.rssi_dbm)
    if len(strengths) < options.least_beacons:
        return None
    names = sorted(strengths)
    rssi = np.array([np.median(strengths[name]) for name in names])
    place = locate([beacons[name] for name in names], rssi, options=options)
    return place._replace(at_us=hearing.heard[-1].at_us)


def as_readings(thing: str, place: Fix) -> tuple[Reading, Reading]:
    """Tell a place as readings of ``position`` and ``position_radius``."""
    return (
        Reading(f"{thing}/position", place.at_us, [place.lon, place.lat, place.height_m]),
        Reading(f"{thing}/position_radius", place.at_us, place.radius_m),
    )


def locate(beacons: Sequence[Beacon], rssi: Floats, *, options: RssiOptions) -> Fix:
    """Place from one strength a beacon.

    Parameters
    ----------
    beacons
        One or more, as they are heard.
    rssi : (N,) float64 [dBm]
    """
    plane = LocalPlane(beacons[0].lon, beacons[0].lat)
    at = np.array([plane.to_metres(each.lon, each.lat) for each in beacons])
    above = np.array([each.above_m for each in beacons])
    loss = np.array([each.power_dbm for each in beacons]) - rssi
    furthest = 10.0 ** ((loss + _REACH * options.noise_db) / (10.0 * options.exponent))
    nearest = int(furthest.argmin())
    centre, half = at[nearest], min(max(float(furthest[nearest]), 2.0 * _LEAST_M), options.reach_m)
    for _ in range(_ROUNDS):
        east, north, weight = _weighted(centre, half, at=at, above=above, loss=loss, options=options)
        box = _likely_box(east, north, weight)
        if box.half >= _NARROW * half:
            break
        centre, half = box.centre, box.half
    place = np.array([(weight * east).sum(), (weight * north).sum()])
    cell = 2.0 * half / (_SIDE - 1)
    radius = _radius_of(np.hypot(east - place[0], north - place[1]), weight, share=options.share) + cell
    lon, lat = plane.to_degrees(float(place[0]), float(place[1]))
    return Fix(0, lon, lat, _height(beacons, at, place), radius, len(beacons))


class _Box(NamedTuple):
    centre: Floats
    half: float


def _weighted(
    centre: Floats, half: float, *, at: Floats, above: Floats, loss: Floats, options: RssiOptions
) -> tuple[Floats, Floats, Floats]:
    """Places of a grid (K,), (K,) and how likely each is (K,), which sums to 1."""
    line = np.linspace(-half, half, _SIDE)
    east, north = (part.ravel() for part in np.meshgrid(centre[0] + line, centre[1] + line))
    squares = (east[:, None] - at[:, 0]) ** 2 + (north[:, None] - at[:, 1]) ** 2 + above**2  # (K, N)
    expected = 5.0 * options.exponent * np.log10(np.maximum(squares, _LEAST_M**2))
    off = (expected - loss) / (_SCALE * options.noise_db)
    score = -0.5 * (_FREEDOM + 1.0) * np.log1p(off**2 / _FREEDOM).sum(axis=1)
    weight = np.exp(score - score.max())
    return east, north, weight / weight.sum()


def _likely_box(east: Floats, north: Floats, weight: Floats) -> _Box:
    """Smallest square that holds the likeliest places, with a cell around it."""
    order = np.argsort(weight)[::-1]
    kept = order[: int(np.searchsorted(np.cumsum(weight[order]), _KEPT)) + 1]
    low = np.array([east[kept].min(), north[kept].min()])
    high = np.array([east[kept].max(), north[kept].max()])
    cell = float(east.max() - east.min()) / (_SIDE - 1)
    return _Box((low + high) / 2.0, float((high - low).max()) / 2.0 + cell)


def _radius_of(distance: Floats, weight: Floats, *, share: float) -> float:
    """Radius within which that share of the weight lies [m]."""
    order = np.argsort(distance)
    return float(distance[order[np.searchsorted(np.cumsum(weight[order]), share * (1.0 - 1e-9))]])


def _height(beacons: Sequence[Beacon], at: Floats, place: Floats) -> float:
    nearness = 1.0 / (np.hypot(*(at - place).T) + _LEAST_M)
    below = np.array([each.height_m - each.above_m for each in beacons])
    return float((nearness * below).sum() / nearness.sum())
