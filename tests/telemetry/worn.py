"""Acceleration of an imagined person's tag, second by second, at 20 samples a second."""

import math
from collections.abc import Iterator, Sequence

from highwall.telemetry.acceleration import GRAVITY, SECOND_US, Vector

START_US = 1_700_000_000 * SECOND_US
RATE_HZ = 20
UPRIGHT: Vector = (0.0, GRAVITY, 0.0)
LYING: Vector = (GRAVITY, 0.0, 0.0)
Samples = list[tuple[int, Vector]]


def second(number: int, *, at: Vector = UPRIGHT, shake: float = 0.0, peak: float | None = None) -> Samples:
    """Samples of one second: gravity, a shaking of that amplitude along it [m s⁻²], and perhaps one peak."""
    size = math.hypot(*at)
    samples = []
    for i in range(RATE_HZ):
        long = size + shake * math.sin(2.0 * math.pi * 2.0 * i / RATE_HZ)
        if peak is not None and i == RATE_HZ // 2:
            long = peak
        vector = (at[0] * long / size, at[1] * long / size, at[2] * long / size)
        samples.append((START_US + number * SECOND_US + i * SECOND_US // RATE_HZ, vector))
    return samples


def walking(n: int, *, first: int = 0) -> Samples:
    """Two steps a second."""
    return [sample for i in range(n) for sample in second(first + i, shake=4.0)]


def still(n: int, *, first: int, at: Vector = LYING) -> Samples:
    """No motion but the noise of a sensor."""
    return [sample for i in range(n) for sample in second(first + i, at=at, shake=0.05)]


def falling(number: int) -> Samples:
    """The second of a fall: an impact of 4 g."""
    return second(number, shake=3.0, peak=4.0 * GRAVITY)


def cut(samples: Samples, sizes: Sequence[int]) -> Iterator[Samples]:
    """Cut into packs of those sizes, the rest in one."""
    begin = 0
    for size in sizes:
        yield samples[begin : begin + size]
        begin += size
    yield samples[begin:]
