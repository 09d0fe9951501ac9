"""Acceleration of a tag, second by second: what motion states and man-down are judged on.

A second is a whole second of the phenomenon time, so that it holds the same samples however they were packed or
delivered. Gravity is part of what an accelerometer feels: at rest it reads 9.81 m s⁻² upward.
"""

import math
from typing import Final, NamedTuple

import msgspec

Vector = tuple[float, float, float]
"""Acceleration along the three axes of a tag [m s⁻²]."""

GRAVITY: Final = 9.80665
"""Standard gravity [m s⁻²]."""
SECOND_US: Final = 1_000_000
LEAST_SAMPLES: Final = 4
"""Samples of a second from which its unrest can be told."""
_SWING: Final = 0.1 * GRAVITY
"""How far the size of the acceleration must go to both sides of gravity to count as one swing, as of a step."""


class Second(msgspec.Struct, frozen=True):
    """A second of acceleration, summed up."""

    start_us: int
    n: int
    """Samples."""
    mean: Vector
    """Mean acceleration [m s⁻²]; at rest it points up."""
    unrest: float | None
    """Root of the summed variances of the three components [m s⁻²]: shaking and turning alike; None if n is too few,
    for NaN would not come back from the JSON in which it is remembered."""
    peak: float
    """Largest size of the acceleration [m s⁻²]."""
    n_swings: int
    """Times that the size rose from below gravity to above it."""


class Gathering(msgspec.Struct, frozen=True):
    """The second that is going on; carried from sample to sample."""

    start_us: int
    n: int = 0
    total: Vector = (0.0, 0.0, 0.0)
    squares: float = 0.0
    peak: float = 0.0
    n_swings: int = 0
    is_low: bool = False
    """Whether the size last went below gravity: the next rise above it is a swing."""


class Gathered(NamedTuple):
    """What one more sample leads to."""

    gathering: Gathering
    second: Second | None
    """The second before, once a sample of a later one has come."""


def gather(gathering: Gathering | None, at_us: int, sample: Vector) -> Gathered:
    """Add a sample; one of an earlier second than the present is too late, and one with NaN tells nothing."""
    start_us = at_us - at_us % SECOND_US
    if gathering is not None and start_us < gathering.start_us:
        return Gathered(gathering, None)
    if gathering is None or start_us == gathering.start_us:
        return Gathered(_added(gathering or Gathering(start_us), sample), None)
    fresh = Gathering(start_us, is_low=gathering.is_low)
    return Gathered(_added(fresh, sample), summed_up(gathering))


def summed_up(gathering: Gathering) -> Second | None:
    """Sum up a second; None if no sample of it could be used."""
    n = gathering.n
    if not n:
        return None
    x, y, z = (part / n for part in gathering.total)
    variance = gathering.squares / n - (x * x + y * y + z * z)
    unrest = math.sqrt(max(variance, 0.0)) if n >= LEAST_SAMPLES else None
    return Second(gathering.start_us, n, (x, y, z), unrest, gathering.peak, gathering.n_swings)


def angle(one: Vector, other: Vector) -> float:
    """Angle between two directions [rad]; 0 where one has no length."""
    lengths = math.hypot(*one) * math.hypot(*other)
    if lengths == 0.0:
        return 0.0
    cosine = sum(a * b for a, b in zip(one, other, strict=True)) / lengths
    return math.acos(min(1.0, max(-1.0, cosine)))


def _added(gathering: Gathering, sample: Vector) -> Gathering:
    size = math.hypot(*sample)
    if not math.isfinite(size):
        return gathering
    x, y, z = gathering.total
    rises = gathering.is_low and size > GRAVITY + _SWING
    is_low = not rises and (gathering.is_low or size < GRAVITY - _SWING)
    return Gathering(
        gathering.start_us, gathering.n + 1, (x + sample[0], y + sample[1], z + sample[2]),
        gathering.squares + size * size, max(gathering.peak, size), gathering.n_swings + rises, is_low,
    )  # fmt: skip
